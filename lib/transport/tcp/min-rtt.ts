/**
 * The least RTT of the last minutes, by Kathleen Nichols' windowed filter: three samples, each the
 * best since the one before it.
 *
 * Kernel: lib/minmax.c (minmax_running_min), 6.18.
 */

const NO_SAMPLE = 0xffffffff;
/** Three best samples of the window (`struct minmax`), kept beside the connection. */
export class MinRtt {
  #at0 = 0;
  #value0 = NO_SAMPLE;
  #at1 = 0;
  #value1 = NO_SAMPLE;
  #at2 = 0;
  #value2 = NO_SAMPLE;

  /** Least sample of the window. */
  get value(): number {
    return this.#value0;
  }

  /** Takes a sample at time `at`; both times in jiffies. @hot */
  update(window: number, at: number, value: number): number {
    if (value <= this.#value0 || at - this.#at2 > window) {
      this.#at0 = this.#at1 = this.#at2 = at;
      this.#value0 = this.#value1 = this.#value2 = value;
      return value;
    }
    if (value <= this.#value1) {
      this.#at2 = this.#at1 = at;
      this.#value2 = this.#value1 = value;
    } else if (value <= this.#value2) {
      this.#at2 = at;
      this.#value2 = value;
    }
    return this.#subwindow(window, at, value);
  }

  #subwindow(window: number, at: number, value: number): number {
    const passed = at - this.#at0;
    if (passed > window) {
      this.#shift();
      this.#at2 = at;
      this.#value2 = value;
      if (at - this.#at0 > window) {
        this.#shift();
        this.#at2 = at;
        this.#value2 = value;
      }
    } else if (this.#at1 === this.#at0 && passed > window / 4) {
      this.#at2 = this.#at1 = at;
      this.#value2 = this.#value1 = value;
    } else if (this.#at2 === this.#at1 && passed > window / 2) {
      this.#at2 = at;
      this.#value2 = value;
    }
    return this.#value0;
  }

  #shift(): void {
    this.#at0 = this.#at1;
    this.#value0 = this.#value1;
    this.#at1 = this.#at2;
    this.#value1 = this.#value2;
  }
}
