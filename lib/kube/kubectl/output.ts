/** What a kubectl command prints, and with which status it ends. */
import type { Place } from "../../base/errors.ts";
/** What a command prints, on both streams. */
export class Output {
  stdout = "";
  stderr = "";
  exitCode = 0;
  /** Where in which file the first error is, which kubectl does not say; null if in none. */
  place: Place | null = null;

  print(line: string): void {
    this.stdout += `${line}\n`;
  }

  /** Text that has its line ends already. */
  write(text: string): void {
    this.stdout += text;
  }

  /** A warning; the API server's are said once in a command. */
  warn(line: string): void {
    if (line.startsWith("Warning: ") && this.stderr.includes(`${line}\n`)) return;
    this.stderr += `${line}\n`;
  }

  fail(line: string): void {
    this.stderr += `${line}\n`;
    this.exitCode = 1;
  }

  note(place: Place): void {
    this.place ??= place;
  }
}
