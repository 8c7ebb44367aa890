/**
 * -m comment: says something, matches everything.
 *
 * Kernel: net/netfilter/xt_comment.c, 6.18; iptables 1.8.9, extensions/libxt_comment.c.
 */
import { defineMatch } from "../extension.ts";
import { Match } from "../rule.ts";
import { refuse } from "../text/errors.ts";
import { quote } from "../text/values.ts";

/** Longest comment (XT_MAX_COMMENT_LEN less the final 0). */
const MAX_LENGTH = 255;

class CommentMatch extends Match {
  override get name(): string {
    return "comment";
  }

  readonly #text: string;

  constructor(text: string) {
    super();
    this.#text = text;
  }

  override matches(): boolean {
    return true;
  }

  override save(): string {
    return ` --comment ${quote(this.#text)}`;
  }

  override list(): string {
    return ` /* ${this.#text} */`;
  }
}

/** The module. */
export const COMMENT_MATCH = defineMatch<{ text: string }>({
  name: "comment",
  reuse: "instance",
  options: [
    {
      name: "comment",
      required: true,
      read: (state, value) => {
        if (value.length > MAX_LENGTH) {
          refuse(`COMMENT: comment text may have at most ${MAX_LENGTH} characters`);
        }
        state.text = value;
      },
    },
  ],
  start: () => ({ text: "" }),
  finish: (state) => new CommentMatch(state.text),
});
