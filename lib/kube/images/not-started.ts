/**
 * A program that a container's runtime cannot start, because the image does not have it.
 *
 * Spec: runc 1.3, libcontainer (init_linux.go); CRI v1 (Exec).
 */

/** runc has not found the program. */
export class NotStarted extends Error {
  constructor(word: string) {
    const why = word.includes("/")
      ? `stat ${word}: no such file or directory`
      : "executable file not found in $PATH";
    super(
      `OCI runtime exec failed: exec failed: unable to start container process: exec: "${word}": ${why}`,
    );
    this.name = "NotStarted";
  }
}
