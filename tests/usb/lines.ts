/**
 * A text stream cut into lines.
 *
 * @module
 */

/** Gives one chunk a line, without its end. */
export class TextLineStream extends TransformStream<string, string> {
  /** Starts at the beginning of a line. */
  constructor() {
    let rest = "";
    super({
      transform(chunk, controller) {
        const lines = (rest + chunk).split("\n");
        rest = lines.pop()!;
        for (const line of lines) controller.enqueue(line);
      },
      flush(controller) {
        if (rest !== "") controller.enqueue(rest);
      },
    });
  }
}
