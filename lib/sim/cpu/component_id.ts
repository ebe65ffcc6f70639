/**
 * CoreSight identification registers of the parts that the core serves itself (IHI0029 B2, DDI0439B, DDI0432C).
 *
 * @module
 */

/** Designer code of Arm as PIDR holds it: JEP106 bank 4, code 0x3B. */
const ARM = { bank: 4, code: 0x3b } as const;

/** The word at byte `offset` (0xFD0–0xFFC) of a generic-IP component of Arm with a 12-bit part number. */
export function armComponentId(offset: number, part: number, revision = 0, componentClass = 0xe): number {
  switch (offset) {
    case 0xfd0:
      return ARM.bank;
    case 0xfe0:
      return part & 0xff;
    case 0xfe4:
      return (part >>> 8) | ((ARM.code & 15) << 4);
    case 0xfe8:
      return (revision << 4) | 8 | (ARM.code >>> 4);
    case 0xff0:
      return 0x0d;
    case 0xff4:
      return componentClass << 4;
    case 0xff8:
      return 0x05;
    case 0xffc:
      return 0xb1;
    default:
      return 0;
  }
}
