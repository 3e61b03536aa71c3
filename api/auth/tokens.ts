import { createRemoteJWKSet, jwtVerify } from 'jose';
import type { JWTPayload, JWTVerifyOptions } from 'jose';
import type { ApiTokens } from '../../config/config.js';
import { CaravanFailure } from '../../contracts/failures.js';
import { roleOf } from './roles.js';
import type { Caller } from './roles.js';

/** Clocks of two machines may differ by so much, seconds. */
const SKEW_SECONDS = 5;
const SUBJECT_CHARACTERS = 200;
/** What a key set may sign with; never a secret's algorithm, or its public keys would be secrets. */
const PUBLIC_KEY_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];
const SECRET_ALGORITHMS = ['HS256'];

/** Tells who sent a bearer token. @throws CaravanFailure TOKEN_REFUSED */
export type VerifyToken = (token: string) => Promise<Caller>;

/** Keys come from the configured place only: what a token itself says about keys is never followed. */
export function tokenVerifier({ jwksUrl, secret, audience, issuer }: ApiTokens): VerifyToken {
  const common = { audience, issuer, clockTolerance: SKEW_SECONDS, requiredClaims: ['exp', 'sub'] };
  const verify = jwksUrl === null ? secretVerifier(secret ?? '', common) : keySetVerifier(jwksUrl, common);
  return async (token) => {
    let claims: JWTPayload;
    try {
      claims = await verify(token);
    } catch (error) {
      throw refused(reasonOf(error));
    }
    const { sub: subject = '' } = claims;
    if (subject.trim() === '' || subject.length > SUBJECT_CHARACTERS) throw refused('its subject is empty or too long');
    return { subject, role: roleOf(claims) };
  };
}

type Verify = (token: string) => Promise<JWTPayload>;

function secretVerifier(secret: string, common: JWTVerifyOptions): Verify {
  const key = new TextEncoder().encode(secret);
  return async (token) => (await jwtVerify(token, key, { ...common, algorithms: SECRET_ALGORITHMS })).payload;
}

function keySetVerifier(url: string, common: JWTVerifyOptions): Verify {
  const keys = createRemoteJWKSet(new URL(url), { timeoutDuration: 3000, cooldownDuration: 10_000 });
  return async (token) => (await jwtVerify(token, keys, { ...common, algorithms: PUBLIC_KEY_ALGORITHMS })).payload;
}

/** The library's code, which holds nothing of the token. */
function reasonOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && code.startsWith('ERR_J') ? `it is not valid (${code})` : 'it cannot be checked';
}

export function refused(seen: string): CaravanFailure {
  return new CaravanFailure('TOKEN_REFUSED', { attempted: 'take', on: 'the token', seen });
}
