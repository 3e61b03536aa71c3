import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, randomFillSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { CaravanFailure } from '../../contracts/failures.js';
import { readOrMakePrivateFile } from './private-file.js';

/** First byte of everything sealed; another value was sealed by another format. */
const FORMAT = 1;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Bytes that sealing adds to a value. */
export const SEAL_OVERHEAD_BYTES = 1 + NONCE_BYTES + TAG_BYTES;
/** Random nonces drawn at once: a call of the system for each would be the greatest part of a seal. */
const NONCES_AT_ONCE = 4096;

/** Seals small values with AES-256-GCM: version byte, nonce, ciphertext, tag. */
export interface SecretBox {
  /** `context` is authenticated, not stored: what is sealed for one place does not open in another. */
  seal(bytes: Uint8Array, context: string): Buffer;
  /** SECRET_KEY_INVALID when key or context are others, or the bytes were changed. */
  open(sealed: Uint8Array, context: string): Buffer;
}

export interface SecretBoxOptions {
  /** 32 bytes as base64 or hex (CARAVAN_SECRET_KEY). Wins over the file. */
  readonly key?: string | null;
  /** A 0600 file with such a key; made on first use. */
  readonly keyFile: string;
}

export function openSecretBox(options: SecretBoxOptions): SecretBox {
  const key = createSecretKey(readKey(options));
  const nonces = nonceSource();
  const contexts = contextBytes();
  return {
    seal: (bytes, context) => seal(key, bytes, { nonce: nonces(), context: contexts(context) }),
    open: (sealed, context) => open(key, sealed, context),
  };
}

function readKey(options: SecretBoxOptions): Buffer {
  if (typeof options.key === 'string') {
    return decodeKey(options.key) ?? invalid('CARAVAN_SECRET_KEY', 'it is not 32 bytes as base64 or hex');
  }
  const text = readOrMakePrivateFile(options.keyFile, () => `${randomBytes(KEY_BYTES).toString('base64')}\n`);
  return decodeKey(text) ?? invalid(options.keyFile, 'it does not hold 32 bytes as base64 or hex');
}

function decodeKey(text: string): Buffer | undefined {
  const trimmed = text.trim();
  if (/^[0-9a-f]{64}$/iu.test(trimmed)) return Buffer.from(trimmed, 'hex');
  if (!/^[A-Za-z0-9+/_-]{43}=?$/u.test(trimmed)) return undefined;
  const bytes = Buffer.from(trimmed, 'base64');
  return bytes.length === KEY_BYTES ? bytes : undefined;
}

function seal(key: KeyObject, bytes: Uint8Array, with_: { nonce: Buffer; context: Buffer }): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, with_.nonce);
  cipher.setAAD(with_.context);
  const encrypted = cipher.update(bytes);
  cipher.final();
  const sealed = Buffer.allocUnsafe(SEAL_OVERHEAD_BYTES + encrypted.length);
  sealed[0] = FORMAT;
  with_.nonce.copy(sealed, 1);
  encrypted.copy(sealed, 1 + NONCE_BYTES);
  cipher.getAuthTag().copy(sealed, 1 + NONCE_BYTES + encrypted.length);
  return sealed;
}

function open(key: KeyObject, sealed: Uint8Array, context: string): Buffer {
  if (sealed.length < SEAL_OVERHEAD_BYTES || sealed[0] !== FORMAT) {
    return invalid(context, 'the bytes were not sealed by this version of Caravan');
  }
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 1 + NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(context));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  const opened = decipher.update(sealed.subarray(1 + NONCE_BYTES, sealed.length - TAG_BYTES));
  try {
    decipher.final();
  } catch {
    return invalid(context, 'the key is not the one it was sealed with, or the bytes were changed');
  }
  return opened;
}

function nonceSource(): () => Buffer {
  const pool = Buffer.alloc(NONCE_BYTES * NONCES_AT_ONCE);
  let at = pool.length;
  return () => {
    if (at === pool.length) {
      randomFillSync(pool);
      at = 0;
    }
    at += NONCE_BYTES;
    return pool.subarray(at - NONCE_BYTES, at);
  };
}

/** Runs of values share a context: its bytes are made once. */
function contextBytes(): (context: string) => Buffer {
  let last = '';
  let bytes = Buffer.alloc(0);
  return (context) => {
    if (context !== last) {
      last = context;
      bytes = Buffer.from(context);
    }
    return bytes;
  };
}

function invalid(on: string, seen: string): never {
  throw new CaravanFailure('SECRET_KEY_INVALID', { attempted: 'use the secret key for', on, seen });
}
