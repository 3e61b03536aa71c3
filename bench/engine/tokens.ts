import { SignJWT } from 'jose';

const AUDIENCE = 'caravan-bench';
const ISSUER = 'https://bench.invalid';

/** What makes a stack's API ask for tokens. */
export function tokenSettings(secret: string): Readonly<Record<string, string>> {
  return { CARAVAN_API_JWT_SECRET: secret, CARAVAN_API_AUDIENCE: AUDIENCE, CARAVAN_API_ISSUER: ISSUER };
}

/** A viewer's. */
export async function tokenOf(secret: string): Promise<string> {
  return new SignJWT({ roles: ['viewer'] })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject('bench')
    .setAudience(AUDIENCE)
    .setIssuer(ISSUER)
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(secret));
}
