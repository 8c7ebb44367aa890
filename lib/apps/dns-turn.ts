/**
 * The questions that one server was asked, and which of its answers count.
 *
 * Spec: glibc 2.36, resolv/res_send.c (send_dg, __libc_res_queriesmatch).
 */
import { type DnsQuery, type DnsResponse, decodeResponse, Rcode } from "./dns-message.ts";

/** What one server made of the questions: answers, or why the next one is asked. */
export type Round = readonly DnsResponse[] | "truncated" | "silent" | "refused" | "failed";

/** The questions that were sent in datagrams, and what has come back. */
export class UdpTurn {
  readonly queries: readonly DnsQuery[];
  /** By the question's number. */
  readonly answers = new Map<number, DnsResponse>();
  /** How many questions the server has failed to answer. */
  failed = 0;
  #decided = false;

  constructor(queries: readonly DnsQuery[]) {
    this.queries = queries;
  }

  /** Nothing more is waited for: one failure beside an answer is enough. */
  get done(): boolean {
    return this.#decided || this.answers.size + this.failed >= this.queries.length;
  }

  /** Takes a datagram; null if it answers no question of these. */
  take(bytes: Uint8Array): DnsResponse | null {
    const answer = decodeResponse(bytes);
    const asked = this.queries.find((query) => answer !== null && belongs(answer, query));
    if (answer === null || asked === undefined || this.answers.has(asked.id)) return null;
    if (isFailure(answer)) {
      this.#decided = this.answers.size + this.failed > 0;
      this.failed += 1;
    } else {
      this.answers.set(asked.id, answer);
    }
    return answer;
  }

  /** The answers in the order of the questions. */
  found(): readonly DnsResponse[] {
    return this.queries.flatMap(({ id }) => this.answers.get(id) ?? []);
  }
}

/** The answer repeats the id and the question (`__libc_res_queriesmatch`). */
export function belongs(answer: DnsResponse, query: DnsQuery): boolean {
  const { question } = answer;
  if (answer.id !== query.id || question === null) return false;
  return (
    question.type === query.question.type &&
    question.name.toLowerCase() === query.question.name.toLowerCase()
  );
}

/** The server cannot answer, or knows nothing of the name and nobody to ask. */
export function isFailure(answer: DnsResponse): boolean {
  const { rcode, answers, additionals, authoritative, recursionAvailable } = answer;
  if (rcode === Rcode.SERVFAIL || rcode === Rcode.NOTIMP || rcode === Rcode.REFUSED) return true;
  const isEmpty = rcode === Rcode.NOERROR && answers.length === 0 && additionals.length === 0;
  return isEmpty && !authoritative && !recursionAvailable;
}
