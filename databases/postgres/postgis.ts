import { PLACES } from '../../contracts/mapping.js';
import type { Session } from './connect.js';

/** Whether the database has PostGIS, or its server could make it. */
export async function postgisOf(session: Session): Promise<'there' | 'available' | 'none'> {
  const [row] = await session.rows(
    `SELECT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = '${PLACES.extension}') AS there,
            EXISTS (SELECT FROM pg_catalog.pg_available_extensions WHERE name = '${PLACES.extension}') AS available`,
  );
  if (row?.['there'] === 't') return 'there';
  return row?.['available'] === 't' ? 'available' : 'none';
}
