/** `break`, `continue`, `return` and `exit`, on their way to what they leave. */
export class Jump extends Error {
  readonly kind: "break" | "continue" | "return" | "exit";
  /** How many loops are left. */
  readonly levels: number;
  readonly status: number;

  constructor(kind: Jump["kind"], levels: number, status: number) {
    super(kind);
    this.name = "Jump";
    this.kind = kind;
    this.levels = levels;
    this.status = status;
  }
}
