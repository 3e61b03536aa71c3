import { it } from 'vitest';
import { startTestServer, asStranger } from './postgres-server.js';
it('expr', async () => {
  const s = await startTestServer('embedded');
  try {
    const db = await s.database();
    await asStranger(db, async x => {
      await x.run(`create table b as select i id, i/7.0::numeric(12,2) n, i*0.37::float8 f, '2001-01-01'::date + i%5000 d, ('2001-01-01 00:00:00'::timestamp + i*interval '1 minute')::timestamp(0) e, ('2001-01-01'::timestamp + i*interval '1.001 second')::timestamp(6) j, i%2=0 bo from generate_series(1,1000000) i; set max_parallel_workers_per_gather=0; select count(*) from b`);
      for (const e of ['id', 'id::text', `to_char(j, 'YYYY-MM-DD HH24:MI:SS.US')`, 'j::text', `j::text || '.000000'`, `rpad(CASE length(j::text) WHEN 19 THEN j::text || '.' ELSE j::text END, 26, '0')`,
        `rpad(j::text, 26, CASE extract(microseconds from j)::int % 1000000 WHEN 0 THEN '.000000' ELSE '0' END)`,
        `rpad(j::text, 26, CASE WHEN j = date_trunc('second', j) THEN '.000000' ELSE '0' END)`,
        `rpad(j::text, 26, CASE WHEN j = j::timestamp(0) THEN '.000000' ELSE '0' END)`,
        `d::text`, `to_char(d,'YYYY-MM-DD')`, `n::text`, `trim_scale(n)::text`, `trim_scale(n)`, `CASE WHEN f = 'NaN' THEN 'NaN'::float8 ELSE f END`, `f`, `CASE bo WHEN true THEN '1' WHEN false THEN '0' END`, `bo::int::text`, `timestamp_send(j)`, 'j']) {
        const a = performance.now(); await x.run(`select count(${e}) from b`); const t1=performance.now()-a;
        console.log(t1.toFixed(0).padStart(6), e);
      }
    });
  } finally { await s.stop(); }
}, 120000);
