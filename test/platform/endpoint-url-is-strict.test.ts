import { describe, expect, it } from 'vitest';
import { CaravanFailure } from '../../contracts/failures.js';
import { displayEndpoint, looksLikeUrl, parseEndpointUrl, redactUrl } from '../../platform/secrets/endpoint-url.js';

function codeOf(text: string): string {
  try {
    parseEndpointUrl(text, '/data');
    return 'accepted';
  } catch (error) {
    if (!(error instanceof CaravanFailure)) throw error;
    return error.code;
  }
}

describe('a database URL', () => {
  it('is read into its parts, decoded', () => {
    expect(
      parseEndpointUrl('mysql://us%65r:p%40ss%3Aword@DB.example:3307/my%2Fdb?sslmode=require&connect_timeout=3'),
    ).toEqual({
      engine: 'mysql',
      host: 'db.example',
      port: 3307,
      user: 'user',
      password: 'p@ss:word',
      database: 'my/db',
      tls: { mode: 'require' },
      connectTimeoutSeconds: 3,
    });
  });

  it('has default ports, and verifies TLS unless it stays on this machine', () => {
    const read = (text: string) => {
      const endpoint = parseEndpointUrl(text);
      return 'path' in endpoint ? undefined : [endpoint.engine, endpoint.host, endpoint.port, endpoint.tls.mode];
    };
    expect(read('mariadb://u@h/d')).toEqual(['mariadb', 'h', 3306, 'verify-full']);
    expect(read('postgresql://u@[::1]/d')).toEqual(['postgres', '::1', 5432, 'disable']);
    expect(read('postgres://u@[2001:db8::1]:6/d')).toEqual(['postgres', '2001:db8::1', 6, 'verify-full']);
    expect(read('MySQL://u:@127.0.0.1/d')).toEqual(['mysql', '127.0.0.1', 3306, 'disable']);
    expect(read('mysql://u@localhost/d?sslmode=verify-full')).toEqual(['mysql', 'localhost', 3306, 'verify-full']);
  });

  it('of SQLite becomes an absolute path', () => {
    expect(parseEndpointUrl('sqlite:shop.db', '/data')).toEqual({ engine: 'sqlite', path: '/data/shop.db' });
    expect(parseEndpointUrl('sqlite:/a%20b.db', '/data')).toEqual({ engine: 'sqlite', path: '/a%20b.db' });
    expect(parseEndpointUrl('sqlite:///a%20b.db', '/data')).toEqual({ engine: 'sqlite', path: '/a b.db' });
  });

  it('of a folder of files becomes an absolute path', () => {
    expect(parseEndpointUrl('csv:export', '/data')).toEqual({ engine: 'csv', path: '/data/export' });
    expect(parseEndpointUrl('csv:./export/', '/data')).toEqual({ engine: 'csv', path: '/data/export' });
    expect(parseEndpointUrl('CSV:///a%20b', '/data')).toEqual({ engine: 'csv', path: '/a b' });
    expect(displayEndpoint(parseEndpointUrl('csv:export', '/data'))).toBe('csv:/data/export');
  });

  it.each([
    ['postgres://u@allowed.example/db?host=169.254.169.254', 'URL_OPTION_UNKNOWN'],
    ['postgres://u@h/db?sslrootcert=/etc/passwd', 'URL_OPTION_UNKNOWN'],
    ['postgres://u@h/db?options=-c%20search_path=evil', 'URL_OPTION_UNKNOWN'],
    ['mysql://u@h/db?multipleStatements=true', 'URL_OPTION_UNKNOWN'],
    ['mysql://u@h/db?socketPath=/tmp/s', 'URL_OPTION_UNKNOWN'],
    ['mysql://u@h/db?sslmode=prefer', 'URL_INVALID'],
    ['mysql://u@h/db?sslmode=disable&sslmode=require', 'URL_INVALID'],
    ['mysql://u@h/db?connect_timeout=0', 'URL_INVALID'],
    ['sqlite:shop.db?mode=rwc', 'URL_OPTION_UNKNOWN'],
    ['sqlite://shop.db', 'URL_INVALID'],
    ['sqlite::memory:', 'URL_INVALID'],
    ['sqlite:', 'URL_INVALID'],
    ['csv:', 'URL_INVALID'],
    ['csv://export', 'URL_INVALID'],
    ['csv:export?header=1', 'URL_OPTION_UNKNOWN'],
    ['postgres:///db?host=/var/run', 'URL_INVALID'],
    ['postgres://%2Fvar%2Frun%2Fpostgresql/db', 'URL_INVALID'],
    ['postgres://u@%2Fvar%2Frun/db', 'URL_INVALID'],
    ['socket:/var/run', 'URL_SCHEME_UNKNOWN'],
    ['/var/run/postgresql db', 'URL_INVALID'],
    ['oracle://u@h/db', 'URL_SCHEME_UNKNOWN'],
    ['constructor://u@h/db', 'URL_SCHEME_UNKNOWN'],
    ['mysql://u@h', 'URL_INVALID'],
    ['mysql://u@h/', 'URL_INVALID'],
    ['mysql://h/db', 'URL_INVALID'],
    ['mysql://u@/db', 'URL_INVALID'],
    ['mysql://u@h:0/db', 'URL_INVALID'],
    ['mysql://u@h:65536/db', 'URL_INVALID'],
    ['mysql://u@h:33o6/db', 'URL_INVALID'],
    ['mysql://u@a@h/db', 'URL_INVALID'],
    ['mysql://u:p:q@h/db', 'URL_INVALID'],
    ['mysql://u@h/a/b', 'URL_INVALID'],
    ['mysql://u@h/db#x', 'URL_INVALID'],
    ['mysql://u%00@h/db', 'URL_INVALID'],
    ['mysql://u%ff@h/db', 'URL_INVALID'],
    ['mysql://u@h/db\n', 'URL_INVALID'],
    ['mysql://u@[::1/db', 'URL_INVALID'],
    ['mysql://u@[fe80::1%25eth0]/db', 'URL_INVALID'],
    ['mysql://u@h..x/db', 'URL_INVALID'],
    ['mysql://u@-h/db', 'URL_INVALID'],
  ])('%s is refused', (text, code) => {
    expect(codeOf(text)).toBe(code);
  });

  it('never shows its password in a failure, however it is broken', () => {
    const broken = ['@', ':', '/', '?', '#', '%', '[', '\\', ' ', '&', '=', '\n'];
    for (const mark of broken) {
      for (const text of [
        `mysql://user:hun${mark}ter2@host/db`,
        `mysql://user:hunter2${mark}host/db`,
        `mysql://user:hunter2@host${mark}/db?x=y`,
        `mysql:/user:a${mark}hunter2=1@host/db`,
        `hunter2${mark}`,
        `mysql://user:a@b${mark}c?hunter2=@`,
      ]) {
        try {
          parseEndpointUrl(text);
        } catch (error) {
          expect(String(error)).not.toMatch(/hun|ter2/u);
        }
      }
    }
  });

  it('survives any text, and what it accepts it shows again without the password', () => {
    const alphabet = [
      'mysql',
      '://',
      ':',
      '@',
      '/',
      '?',
      '[',
      ']',
      '%41',
      '%',
      'a',
      '1',
      '&',
      'sslmode=require',
      '.',
      'é',
      '::1',
    ];
    let seed = 7;
    const random = (limit: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % limit;
    };
    for (let round = 0; round < 20_000; round += 1) {
      const body = Array.from({ length: random(12) }, () => alphabet[random(alphabet.length)]).join('');
      for (const text of [body, `mysql://${body}`, `postgres://u:secret@${body}`]) {
        if (codeOf(text) !== 'accepted') continue;
        const endpoint = parseEndpointUrl(text, '/data');
        const again = parseEndpointUrl(displayEndpoint(endpoint), '/data');
        expect({ ...again, tls: null, password: null }).toEqual({ ...endpoint, tls: null, password: null });
        expect(displayEndpoint(endpoint)).not.toContain('secret');
      }
    }
  });

  it('is told from a name', () => {
    expect(['mysql://u@h/d', 'sqlite:x', 'csv:folder'].map(looksLikeUrl)).toEqual([true, true, true]);
    expect(['legacy', 'legacy-2', './file', '/abs'].map(looksLikeUrl)).toEqual([false, false, false, false]);
  });

  it('loses its password inside any text', () => {
    expect(redactUrl('cannot open mysql://root:p@ss:w/rd@h:1/db now')).toBe('cannot open mysql://root:***@h:1/db now');
    expect(redactUrl('redis://:secret@h')).toBe('redis://:***@h');
    expect(redactUrl('host=h password=secret user=u')).toBe('host=h password=*** user=u');
    expect(redactUrl('at 10:20:30 user@host')).toBe('at 10:20:30 user@host');
  });
});
