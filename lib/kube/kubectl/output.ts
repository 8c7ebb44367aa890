/** What a kubectl command prints, and with which status it ends. */
export class Output {
  stdout = "";
  stderr = "";
  exitCode = 0;
  /** Where in which file the errors are: what kubectl does not say. */
  readonly places: string[] = [];

  print(line: string): void {
    this.stdout += `${line}\n`;
  }

  /** Text that has its line ends already. */
  write(text: string): void {
    this.stdout += text;
  }

  warn(line: string): void {
    this.stderr += `${line}\n`;
  }

  fail(line: string): void {
    this.stderr += `${line}\n`;
    this.exitCode = 1;
  }

  note(place: string): void {
    this.places.push(place);
  }
}
