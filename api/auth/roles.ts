/** Who may do what. A role may do all that the roles before it may. */
export const ROLES = ['viewer', 'operator', 'approver', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Least role of each kind of route; `open` needs no token at all. */
export const LEAST_ROLE = {
  open: null,
  /** Looks at anything. */
  read: 'viewer',
  /** Stores definitions, starts, pauses, resumes, cancels, sends events. */
  operate: 'operator',
  /** Registers and ends agents. */
  register: 'operator',
  /** Decides what only a person may: approvals, answers, exceptions, what becomes of failed tasks. */
  decide: 'approver',
} as const satisfies Record<string, Role | null>;
export type Action = keyof typeof LEAST_ROLE;

/** Who calls, as the token says. */
export interface Caller {
  /** The token's subject; stands as `by` in histories. */
  readonly subject: string;
  /** Null: the token names no role that is known here. */
  readonly role: Role | null;
}

export function mayDo(role: Role | null, action: Action): boolean {
  const least = LEAST_ROLE[action];
  return least === null || (role !== null && ROLES.indexOf(role) >= ROLES.indexOf(least));
}

/** The highest role of the claims `roles` (a list, or words of a text) and `role`. */
export function roleOf(claims: Readonly<Record<string, unknown>>): Role | null {
  const given = [claims['roles'], claims['role']].flatMap((claim): unknown[] =>
    typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : [],
  );
  return ROLES.findLast((role) => given.includes(role)) ?? null;
}
