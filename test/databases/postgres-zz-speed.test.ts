import { it } from 'vitest';
import { installedServers, startTestServer, asStranger } from './postgres-server.js';
import { Targets, someNames, simpleTable, mapping, table, column, copyAll, beginChunk, sourceName } from './postgres-fixtures.js';
it('speed', async () => {
  const s = await startTestServer(installedServers()[0]!);
  try {
    const db = await s.database();
    const T = new Targets(); const names = someNames();
    const t0o=performance.now(); const t = await T.open(db, names); console.log('open ms', performance.now()-t0o);
    const t1o=performance.now(); const tt = await T.open(db, names); console.log('open ms', performance.now()-t1o);
    const tab = simpleTable('a');
    const c12 = table('b', [
      column('id','bigint',{kind:'integer'}), column('a','integer',{kind:'integer'}), column('b','numeric(12,2)',{kind:'decimal'}), column('c','double precision',{kind:'float8'}),
      column('d','date',{kind:'date'}), column('e','timestamp(0)',{kind:'timestamp'}), column('f','text'), column('g','character varying(100)'),
      column('h','boolean',{kind:'boolean'}), column('i','text'), column('j','timestamp(6)',{kind:'timestamp'}), column('k','integer',{kind:'integer'})], {rowKey:['id'], chunkKey:{source:'id',target:'id',kind:'integer'}});
    const m = mapping([tab, c12]);
    await t.createShadow(m);
    await t.ledger.cut(sourceName(tab), ['10','20']);
    const w = await beginChunk(t, tab, 0);
    const line = Buffer.from('1\t' + 'x'.repeat(1000) + '\n');
    const buf = Buffer.concat(Array(500).fill(line));
    let n=0; const t0=performance.now(); const c0=process.cpuUsage();
    for (let i=0;i<800;i++){ await w.write(buf); n+=buf.length; }
    await w.commit({rows:1,bytes:n,quarantined:0,changed:0});
    const dt=(performance.now()-t0)/1000; const c=process.cpuUsage(c0);
    console.log('MB/s', n/1e6/dt, 'MB per client cpu s', n/1e6/((c.user+c.system)/1e6));
    await asStranger(db, x => x.run(`insert into caravan_${names.hash}.b select i, i%1000, i/7.0, i*0.37, '2001-01-01'::date + i%5000, '2001-01-01 00:00:00'::timestamp + i*interval '1 minute', 'user'||i||'@example.org', 'multilingual текст '||i, i%2=0, md5(i::text), '2001-01-01'::timestamp + i*interval '1.001 second', i%77 from generate_series(1,1000000) i`));
    for (const [keys, label] of [[false,'all'],[true,'keys'],[false,'all']] as const) {
      const a=performance.now(); const c0=process.cpuUsage(); let rows=0, bytes=0, batches=0;
      for await (const b of t.scan(c12, {}, {keys})) { rows+=b.rows; bytes+=b.bytes.length; batches++; }
      const d=(performance.now()-a)/1000; const c=process.cpuUsage(c0);
      console.log('scan', label, Math.round(rows/d), 'rows/s', (bytes/d/1e6).toFixed(0)+'MB/s', batches, 'cpu', (c.user+c.system)/1e6, 's of', d);
    }
    for (const col of c12.columns) { const one = {...c12, columns:[col]}; const a=performance.now(); for await (const b of t.scan(one,{}, {keys:false})); console.log(col.kind, col.type, ((performance.now()-a)/1000).toFixed(3)); }
    await T.closeAll();
  } finally { await s.stop(); }
}, 120000);
