import { it } from 'vitest';
import { installedServers, startTestServer, asStranger } from './postgres-server.js';
import { Targets, someNames, simpleTable, mapping, copyAll, beginChunk, sourceName } from './postgres-fixtures.js';
it('speed', async () => {
  const s = await startTestServer(installedServers()[0]!);
  try {
    const db = await s.database();
    const T = new Targets(); const names = someNames();
    const t = await T.open(db, names) as any;
    console.log(await t.preflight({targetSchema:'public', objects: 100}));
    const tab = simpleTable('a'); const m = mapping([tab]);
    await t.createShadow(m); await t.createShadow(m);
    console.log(await t.ledger.cut(sourceName(tab), ['10','20']));
    const w = await beginChunk(t, tab, 0);
    const line = Buffer.from('1\t' + 'x'.repeat(1000) + '\n');
    const buf = Buffer.concat(Array(500).fill(line));
    let n=0; const t0=performance.now(); const c0=process.cpuUsage();
    for (let i=0;i<800;i++){ await w.write(buf); n+=buf.length; }
    await w.commit({rows:1,bytes:n,quarantined:0,changed:0});
    const dt=(performance.now()-t0)/1000; const c=process.cpuUsage(c0);
    console.log('MB/s', n/1e6/dt, 'client cpu s', (c.user+c.system)/1e6, 'MB per cpu s', n/1e6/((c.user+c.system)/1e6));
    console.log(await t.ledger.list(sourceName(tab)));
    console.log(await t.undo('public'));
    await asStranger(db, async (x: any) => console.log(await x.rows("select nspname from pg_namespace where nspname like 'caravan%'")));
    await T.closeAll();
  } finally { await s.stop(); }
}, 120000);
