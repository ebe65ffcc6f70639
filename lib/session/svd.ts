/**
 * The description of the chip's peripherals: from the file that the option `svd_file` names, else from the pack.
 *
 * @module
 */
import { getLogger } from "../base/log.ts";
import { parseSvd } from "../format/svd.ts";
import type { SvdDevice } from "../format/svd_types.ts";
import { readUserFile } from "./files.ts";
import type { Session } from "./session.ts";
import { resolvePath } from "./settings.ts";

const log = getLogger("session", "svd");

/**
 * The peripherals that `processor` sees, or the chip's only one; undefined when nothing describes them.
 *
 * @throws {UsageError} when the file of the option cannot be read
 * @throws {FormatError} when the file is no SVD
 */
export async function loadSvd(session: Session, processor?: string): Promise<SvdDevice | undefined> {
  const named = session.options.get("svd_file");
  if (named !== undefined) {
    const path = resolvePath(session.projectDir, named);
    return parsed(await readUserFile(path), path);
  }
  const { processors } = session.target.description;
  const described = processors.find(({ name }) => name === processor) ?? processors[0];
  const { pack } = session;
  if (pack === undefined || described?.svd === undefined) return undefined;
  if (!await pack.has(described.svd)) {
    log.warning(`Peripherals are unknown: ${pack.location} lacks ${described.svd}, which it names`);
    return undefined;
  }
  return parsed(await pack.read(described.svd), described.svd);
}

/** Says once of each kind what is passed over. */
function parsed(bytes: Uint8Array, file: string): SvdDevice {
  const said = new Set<string>();
  return parseSvd(bytes, file, (line, message) => {
    if (!said.has(message)) log.warning(`${file}:${line}: ${message}`);
    said.add(message);
  });
}
