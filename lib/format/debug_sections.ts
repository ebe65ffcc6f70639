/**
 * Sections of debug information, unpacked where the linker packed them: SHF_COMPRESSED (System V ABI, "Section
 * Compression"), and `.zdebug_…` of older GNU tools.
 *
 * @module
 */
import { viewOf } from "../base/bytes.ts";
import { FormatError } from "../base/errors.ts";
import { getLogger } from "../base/log.ts";
import type { ElfFile } from "./elf.ts";
import { inflate } from "./inflate.ts";

const log = getLogger("format", "symbols");

const SHF_COMPRESSED = 0x800;
const ELFCOMPRESS_ZLIB = 1;
const ELFCOMPRESS_ZSTD = 2;
/** Size of Elf32_Chdr, and of what stands in front of the data of `.zdebug_…`: `ZLIB` and a big-endian size. */
const HEADER_SIZE = 12;
/** More is taken for damage. */
const MAX_SIZE = 256 * 1024 * 1024;

/**
 * The bytes of the section `.debug_` + `name`; undefined when there is none, or it is packed in a way that Tapir does
 * not know, which is then said.
 *
 * @throws {FormatError} when it is damaged
 */
export async function debugSection(elf: ElfFile, name: string): Promise<Uint8Array | undefined> {
  const plain = elf.section(`.debug_${name}`);
  if (plain !== undefined && (plain.flags & SHF_COMPRESSED) === 0) return elf.sectionData(plain);
  const section = plain ?? elf.section(`.zdebug_${name}`);
  if (section === undefined) return undefined;
  const fault = (reason: string, cause?: unknown): FormatError =>
    new FormatError(`Cannot read ${section.name} of ${elf.fileName}: ${reason}`, {
      fields: { file: elf.fileName, section: section.name },
      ...(cause === undefined ? {} : { cause }),
    });
  const data = elf.sectionData(section);
  if (data.length < HEADER_SIZE) throw fault("it is cut off");
  const view = viewOf(data);
  const isOld = plain === undefined;
  if (isOld && view.getUint32(0) !== 0x5a4c4942) throw fault("it does not begin as a compressed section");
  const type = isOld ? ELFCOMPRESS_ZLIB : view.getUint32(0, true);
  if (type !== ELFCOMPRESS_ZLIB) {
    log.warning(
      `Source lines of ${elf.fileName} are left out: its debug information is compressed ` +
        `${type === ELFCOMPRESS_ZSTD ? "with zstd" : `in unknown way ${type}`} ` +
        "(objcopy --decompress-debug-sections makes it plain)",
    );
    return undefined;
  }
  const size = isOld ? Number(view.getBigUint64(4)) : view.getUint32(4, true);
  if (size > MAX_SIZE) throw fault(`it declares ${size} bytes, more than the limit of ${MAX_SIZE}`);
  const bytes = await inflate(data.subarray(HEADER_SIZE), "deflate", size, fault);
  if (bytes.length !== size) throw fault(`${size} bytes are declared, ${bytes.length} are there`);
  return bytes;
}
