/**
 * YAML files. The only file that knows the YAML package.
 *
 * @module
 */
import { load, YAML11_SCHEMA, YAMLException } from "@std/yaml";
import { FormatError } from "../base/errors.ts";

/**
 * Reads one YAML 1.1 document, the version that CMSIS and pyOCD files are written for (so `on` is true and `010` is 8).
 * An empty document is undefined.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseYaml } from "./yaml.ts";
 *
 * assertEquals(parseYaml("frequency: 0x10\npersist: on\n", "tapir.yaml"), { frequency: 16, persist: true });
 * ```
 * @throws {FormatError} with file, line and column when the text is no YAML
 */
export function parseYaml(text: string, fileName: string): unknown {
  try {
    // The package refuses an empty document, which is what a file of comments is.
    if (/^\s*(#[^\n]*\s*)*$/.test(text)) return undefined;
    return load(text, { schema: YAML11_SCHEMA, filename: fileName });
  } catch (cause) {
    if (!(cause instanceof YAMLException)) throw cause;
    const line = (cause.mark?.line ?? 0) + 1;
    const column = (cause.mark?.column ?? 0) + 1;
    throw new FormatError(`Cannot read ${fileName}: line ${line}, column ${column}: ${cause.reason}`, {
      code: "bad-yaml",
      cause,
      fields: { file: fileName, line, column },
    });
  }
}
