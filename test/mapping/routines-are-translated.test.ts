import { describe, expect, it } from 'vitest';
import type { CatalogueObject, CatalogueProgram } from '../../contracts/catalogue.js';
import type { RoutineMapping } from '../../contracts/mapping.js';
import { catalogueOf, column, draft, table } from './catalogues.js';

const films = table('test', 'films', {
  columns: [
    column('id', 'int(11)', { nullable: false, autoIncrement: true }),
    column('title', 'varchar(20)', { charset: 'utf8mb4', collation: 'utf8mb4_general_ci' }),
    column('length', 'int(11)'),
    column('at', 'datetime'),
  ],
  primaryKey: [{ column: 'id' }],
});
const notes = table('test', 'notes', {
  columns: [column('id', 'int(11)', { nullable: false }), column('film', 'int(11)'), column('at', 'datetime')],
  primaryKey: [{ column: 'id' }],
  foreignKeys: [
    {
      name: 'of_film',
      columns: ['film'],
      targetSchema: 'test',
      targetTable: 'films',
      targetColumns: ['id'],
      onDelete: 'CASCADE',
      onUpdate: 'RESTRICT',
    },
  ],
});

const PLAIN = { sqlMode: 'STRICT_TRANS_TABLES', collation: 'utf8mb4_general_ci', parameters: [] };

function objectOf(
  name: string,
  program: Partial<CatalogueProgram> & Pick<CatalogueProgram, 'type' | 'body'>,
): CatalogueObject {
  const kind = program.type === 'trigger' ? 'trigger' : 'routine';
  return { kind, schema: 'test', name, definition: program.body, program: { ...PLAIN, ...program } };
}

function functionOf(body: string, returns = 'int(11)', types: readonly string[] = ['int(11)']): CatalogueObject {
  const parameters = types.map((type, at) => ({ name: `p_${'abc'.charAt(at)}`, mode: 'IN' as const, type }));
  return objectOf('f', { type: 'function', body, parameters, returns: { type: returns } });
}

function triggerOf(body: string, timing: 'BEFORE' | 'AFTER' = 'BEFORE', on = 'films'): CatalogueObject {
  return objectOf('t', { type: 'trigger', body, trigger: { timing, event: 'UPDATE', table: on, order: 1 } });
}

function drafted(...objects: readonly CatalogueObject[]): { made: readonly RoutineMapping[]; left: readonly string[] } {
  const { mapping } = draft(catalogueOf('mariadb', [films, notes], { objects }));
  return { made: mapping.routines ?? [], left: mapping.notMigrated.map(({ reason }) => reason) };
}

/** What it becomes, in one line. */
function translated(...objects: readonly CatalogueObject[]): string {
  const { made, left } = drafted(...objects);
  const text = made.at(-1)?.statements.join('\n') ?? expect.unreachable(left.join('; '));
  return text.replaceAll(/\s+/gu, ' ').replaceAll("''", "'");
}

describe('A routine in PL/pgSQL', () => {
  it.each([
    [
      'IF p_a > 1 THEN RETURN 1; ELSEIF p_a IS NULL THEN RETURN 2; ELSE RETURN 3; END IF',
      'IF ("block 0"."p_a" > 1) THEN RETURN 1; ELSIF ("block 0"."p_a" IS NULL) THEN RETURN 2; ELSE RETURN 3; END IF;',
    ],
    ['BEGIN DECLARE v DECIMAL(5,2) DEFAULT 1; SET v = v + 0.5; RETURN v; END', '"v" numeric(5,2) := 1;'],
    [
      'BEGIN DECLARE v TINYINT; SET v = p_a; RETURN v; END',
      '"block 1"."v" := "block 0"."p_a"; IF NOT ("block 1"."v" BETWEEN -128 AND 127) THEN RAISE EXCEPTION USING ERRCODE = \'22003\'',
    ],
    ["BEGIN DECLARE v CHAR(5); SET v = 'a '; RETURN 1; END", '"block 1"."v" := rtrim(\'a \', \' \');'],
    [
      'again: WHILE p_a > 0 DO SET p_a = p_a - 1; ITERATE again; END WHILE again',
      '<<"block 1">> WHILE ("block 0"."p_a" > 0) LOOP "block 0"."p_a" := (CAST("block 0"."p_a" AS bigint) - 1); CONTINUE "block 1"; END LOOP;',
    ],
    [
      'again: REPEAT LEAVE again; UNTIL p_a < 0 END REPEAT',
      '<<"block 1">> LOOP EXIT "block 1"; EXIT WHEN ("block 0"."p_a" < 0); END LOOP;',
    ],
    [
      'CASE p_a WHEN 1 THEN RETURN 2; END CASE',
      'IF ("block 0"."p_a" = 1) THEN RETURN 2; ELSE RAISE EXCEPTION USING ERRCODE = \'20000\'; END IF;',
    ],
    ["SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'", "RAISE EXCEPTION USING ERRCODE = '45000', MESSAGE = 'no';"],
    [
      'BEGIN DECLARE length INT; SELECT MAX(id) INTO length FROM films WHERE films.length > length; RETURN length; END',
      'WHERE ("films"."length" > "block 1"."length")',
    ],
    [
      'BEGIN DECLARE v INT; SELECT COUNT(*) INTO v FROM films; RETURN v; END',
      'SELECT "v"."c0" INTO "block 1"."v" FROM (SELECT count(*)',
    ],
    [
      "BEGIN DECLARE v INT; SELECT id FROM films WHERE title = 'x' INTO v; RETURN v; END",
      'EXCEPTION WHEN no_data_found THEN NULL; END;',
    ],
    [
      'BEGIN DECLARE v INT; DECLARE EXIT HANDLER FOR NOT FOUND RETURN -1; SELECT id INTO v FROM films WHERE id = p_a; RETURN v; END',
      'EXCEPTION WHEN no_data_found THEN RETURN -1;',
    ],
    [
      'BEGIN DECLARE v, d INT; DECLARE c CURSOR FOR SELECT id FROM films; DECLARE CONTINUE HANDLER FOR NOT FOUND SET d = 1; OPEN c; FETCH c INTO v; CLOSE c; RETURN v; END',
      'FETCH "block 1"."c" INTO "block 1"."row of c"; IF FOUND THEN "block 1"."v" := "block 1"."row of c"."c0"; ELSE "block 1"."d" := 1; END IF;',
    ],
    ["BEGIN # a comment; 'here'\n RETURN 1; /* and here; */ END -- end", 'RETURN 1;'],
  ])('%.70s', (body, made) => {
    expect(translated(functionOf(body))).toContain(made);
  });

  it('gives and takes booleans where the source has TINYINT(1), and numbers where these do not fit', () => {
    expect(translated(functionOf('RETURN p_a > 1', 'tinyint(1)'))).toContain('RETURNS boolean');
    expect(translated(functionOf('RETURN p_a', 'tinyint(1)', ['tinyint(1)']))).toContain('("p_a" boolean)');
    expect(translated(functionOf('RETURN 7', 'tinyint(1)'))).toContain('RETURNS integer');
  });

  it('takes what a procedure gives back into a variable of its type, and into no other', () => {
    const parameters = [
      { name: 'p_a', mode: 'IN', type: 'int(11)' },
      { name: 'p_b', mode: 'OUT', type: 'tinyint(3) unsigned' },
    ] as const;
    const given = objectOf('p', { type: 'procedure', body: 'SELECT COUNT(*) INTO p_b FROM films', parameters });
    const calling = (type: string, argument = 'v'): ReturnType<typeof drafted> =>
      drafted(
        objectOf('q', {
          type: 'procedure',
          body: `BEGIN DECLARE v ${type}; CALL p(1, ${argument}); END`,
          parameters: [],
        }),
        given,
      );
    const { made } = calling('TINYINT UNSIGNED');
    const [first, second] = made;
    expect(first?.arguments).toMatchObject([{ name: 'p_a' }, { name: 'p_b', mode: 'OUT' }]);
    expect(second?.statements.join().replaceAll(/\s+/gu, ' ')).toContain(
      'CALL "p"(1, "block 1"."v"); IF NOT ("block 1"."v" BETWEEN 0 AND 255) THEN',
    );
    expect(second?.reads).toEqual(first?.reads);
    expect(calling('BIGINT').left.join()).toContain('a variable of another type');
    expect(calling('INT', '2').left.join()).toContain('gives back to no variable');
  });

  it('calls another routine of the plan, whatever comes first, and has what that reads', () => {
    const caller = objectOf('a', { type: 'function', body: 'RETURN f(1) + 1', returns: { type: 'bigint(20)' } });
    const { made } = drafted(caller, functionOf('RETURN (SELECT COUNT(*) FROM films)'));
    expect(made.map(({ source }) => source.name)).toEqual(['f', 'a']);
    expect(made[1]?.reads).toEqual(['test.films']);
  });

  it('is tried with values of columns that its arguments are named after', () => {
    const [made] = drafted(functionOf('RETURN 1')).made;
    expect(made?.arguments).toEqual([{ name: 'p_a', type: 'integer', sort: 'integer' }]);
    const named = objectOf('f', {
      type: 'function',
      body: 'RETURN 1',
      returns: { type: 'int(11)' },
      parameters: [{ name: 'wanted_title', mode: 'IN', type: 'varchar(9)', collation: 'utf8mb4_general_ci' }],
    });
    expect(drafted(named).made[0]?.arguments[0]?.like).toEqual({ table: 'films', column: 'title' });
  });

  it.each([
    ['SELECT id FROM films', 'it gives rows'],
    ['BEGIN START TRANSACTION; END', 'the statement START has no translation'],
    ["BEGIN PREPARE s FROM 'SELECT 1'; END", 'the statement PREPARE has no translation'],
    ['SET @x = 1', '"@" is not part of the language'],
    ['BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION RETURN 1; RETURN 2; END', 'a handler of anything but NOT FOUND'],
    ['BEGIN DECLARE v TIMESTAMP; RETURN 1; END', 'a variable of the type "timestamp"'],
    ['RETURN NOW()', 'the clock'],
    ['RETURN RAND()', 'its result is random'],
    ['RETURN CURRENT_TIMESTAMP', 'the clock'],
    ['RETURN other.f(1)', '"(" is not expected'],
    ['RETURN unknown(1)', 'the function "unknown" has no known counterpart'],
    ['RETURN (SELECT COUNT(*) FROM nowhere)', 'it refers to "nowhere", which is not in the target'],
    ['BEGIN /*!50000 SET x = 1; */ RETURN 1; END', 'a comment that the server runs'],
    ['LEAVE nowhere', 'there is no label "nowhere"'],
    ['BEGIN RETURN 1', 'it ends too early'],
  ])('is refused by name: %s', (body, reason) => {
    const { made, left } = drafted(functionOf(body));
    expect(made).toEqual([]);
    expect(left.join('\n')).toContain(reason);
  });

  it.each([
    ['ANSI_QUOTES,STRICT_ALL_TABLES', 'the mode ANSI_QUOTES'],
    ['NO_ENGINE_SUBSTITUTION', 'without a strict mode'],
  ])('is refused under the mode %s', (sqlMode, reason) => {
    const body = 'RETURN 1';
    const { left } = drafted(objectOf('f', { type: 'function', body, returns: { type: 'int(11)' }, sqlMode }));
    expect(left.join('\n')).toContain(reason);
  });
});

describe('A trigger in PL/pgSQL', () => {
  it('is a function and a trigger, with NEW and OLD in terms of their columns', () => {
    const made = translated(triggerOf("IF NEW.title <> OLD.title THEN SET NEW.title = CONCAT(NEW.title, '!'); END IF"));
    expect(made).toContain(
      'IF (lower("new"."title") <> lower("old"."title")) THEN "new"."title" := ("new"."title" || \'!\');',
    );
    expect(made).toContain('RETURN NEW;');
    expect(made).toContain('CREATE TRIGGER "t" BEFORE UPDATE ON "films" FOR EACH ROW EXECUTE FUNCTION "t"()');
  });

  it('may put the clock into a column, and is compared by whether it did', () => {
    const { made } = drafted(
      triggerOf('BEGIN SET NEW.at = NOW(); INSERT INTO notes (id, at) VALUES (NEW.id, NOW()); END'),
    );
    expect(made[0]?.clocked).toEqual(['films.at', 'notes.at']);
    expect(made[0]?.writes).toEqual(['notes']);
  });

  it('fires in the order of the source, and says where a foreign key makes PostgreSQL fire it as well', () => {
    const trigger = (name: string, order: number): CatalogueObject =>
      objectOf(name, {
        type: 'trigger',
        body: 'DELETE FROM films WHERE id = OLD.film',
        trigger: { timing: 'AFTER', event: 'DELETE', table: 'notes', order },
      });
    const { made } = drafted(trigger('z', 1), trigger('a', 2));
    expect(made.map((each) => each.trigger?.name)).toEqual(['01_z', '02_a']);
    expect(made.map((each) => each.trigger?.beside)).toEqual([['a'], ['z']]);
    expect(made[0]?.notes.join('')).toContain('of_film');
  });

  it.each([
    ['SET NEW.id = 1', 'BEFORE', 'which counts by itself'],
    ['SET NEW.title = 1', 'AFTER', 'NEW is set where it is over'],
    ['SET OLD.title = 1', 'BEFORE', 'which is no variable of it'],
    ['INSERT INTO notes (id, film) SELECT MAX(id), 1 FROM films', 'AFTER', 'it reads its own table'],
    ['UPDATE notes SET film = 1 WHERE at < NOW()', 'AFTER', 'the clock decides what it does'],
    ['UPDATE notes SET film = 1 WHERE at < NEW.nothing', 'AFTER', 'there is no column "nothing"'],
    ['RETURN 1', 'AFTER', 'RETURN where nothing is given back'],
  ] as const)('is refused by name: %s, %s', (body, timing, reason) => {
    const { made, left } = drafted(triggerOf(body, timing));
    expect(made).toEqual([]);
    expect(left.join('\n')).toContain(reason);
  });
});
