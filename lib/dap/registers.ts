/**
 * Addresses and fields of debug-port and access-port registers, as data.
 *
 * Sources: Arm Debug Interface Architecture Specification ADIv5.0 to ADIv5.2 (IHI 0031) and ADIv6.0 (IHI 0074).
 *
 * @module
 */

/** Debug-port registers: bits 3:0 are the address on the wire, bits 7:4 the bank (SELECT.DPBANKSEL). */
export const DP = {
  /** Identification (read). */
  dpidr: 0x00,
  /** Clears sticky flags, aborts a transaction (write). */
  abort: 0x00,
  /** Power requests, sticky flags. */
  ctrlStat: 0x04,
  /** AP and bank selection (write). */
  select: 0x08,
  /** Result of the last posted AP read (read). */
  rdbuff: 0x0c,
  /** Selects one debug port of several on one wire (write; DPv2). */
  targetsel: 0x0c,
  /** Identification of an ADIv6 debug port: address size. */
  dpidr1: 0x10,
  /** Data-link control: turnaround. */
  dlcr: 0x14,
  /** Base of the ADIv6 root, low word. */
  basePtr0: 0x20,
  /** Target identification (DPv2). */
  targetId: 0x24,
  /** Base of the ADIv6 root, high word. */
  basePtr1: 0x30,
  /** Data-link identification: instance number (DPv2). */
  dlpidr: 0x34,
  /** Events (DPv2). */
  eventStat: 0x44,
  /** High word of the AP address (ADIv6, write). */
  select1: 0x54,
} as const;

/** Fields of ABORT. */
export const ABORT = {
  /** Aborts the transaction under way on the access port. */
  dapAbort: 0x01,
  /** Clears STICKYCMP, STICKYERR, WDATAERR and STICKYORUN. */
  clearSticky: 0x1e,
} as const;

/** Fields of CTRL/STAT. */
export const CTRL_STAT = {
  /** Sticky overrun. */
  stickyOrun: 0x0000_0002,
  /** Sticky compare. */
  stickyCmp: 0x0000_0010,
  /** Sticky error: an AP transaction failed. */
  stickyErr: 0x0000_0020,
  /** Write data error (SWD). */
  wdataErr: 0x0000_0080,
  /** All byte lanes take part in pushed operations. */
  maskLane: 0x0000_0f00,
  /** Request for debug power. */
  cdbgPwrUpReq: 0x1000_0000,
  /** Debug power is on. */
  cdbgPwrUpAck: 0x2000_0000,
  /** Request for system power. */
  csysPwrUpReq: 0x4000_0000,
  /** System power is on. */
  csysPwrUpAck: 0x8000_0000,
} as const;

/** Access-port registers at their ADIv5 offsets; ADIv6 access ports have them 0xD00 higher. */
export const AP = {
  /** Control and status word of a MEM-AP. */
  csw: 0x00,
  /** Transfer address, low word. */
  tar: 0x04,
  /** Transfer address, high word. */
  tarHigh: 0x08,
  /** Data, with optional auto-increment. */
  drw: 0x0c,
  /** First of four registers that access the words of the 16-byte window TAR points into. */
  bd0: 0x10,
  /** Transfer response (ADIv6). */
  trr: 0x24,
  /** Debug base address, high word. */
  baseHigh: 0xf0,
  /** Configuration: large addresses, large data. */
  cfg: 0xf4,
  /** Debug base address: where the ROM table is. */
  base: 0xf8,
  /** Identification. */
  idr: 0xfc,
} as const;

/** What has to be added to an {@linkcode AP} offset on an ADIv6 access port. */
export const AP_V2_OFFSET = 0xd00;

/** Fields of the MEM-AP control and status word. */
export const CSW = {
  /** Size field: one byte. */
  size8: 0,
  /** Size field: two bytes. */
  size16: 1,
  /** Size field: four bytes. */
  size32: 2,
  /** All bits of the size field. */
  sizeMask: 0x0000_0007,
  /** Address auto-increment by the size of the transfer. */
  incrementSingle: 0x0000_0010,
  /** All bits of the auto-increment field. */
  incrementMask: 0x0000_0030,
  /** Debug accesses are allowed (read only). */
  deviceEn: 0x0000_0040,
  /** A transfer is under way (read only). */
  trInProg: 0x0000_0080,
  /** Secure debug accesses are allowed (read only). */
  sDeviceEn: 0x0080_0000,
  /** Bus protection bits: HPROT[3:0] on AHB. */
  hprotMask: 0x0f00_0000,
  /** Data, not instruction. */
  hprotData: 0x0100_0000,
  /** Privileged access. */
  hprotPrivileged: 0x0200_0000,
  /** AHB-AP only: transactions are issued as debug master. */
  masterDebug: 0x2000_0000,
  /** Non-secure transfer (HNONSEC; SPROT on older AHB-APs). */
  hnonsec: 0x4000_0000,
  /** Software access to the debug bus is enabled. */
  dbgSwEnable: 0x8000_0000,
} as const;

/** Fields of the MEM-AP CFG register. */
export const CFG = {
  /** Big-endian (always zero since ADIv5.2). */
  bigEndian: 0x01,
  /** Addresses longer than 32 bits. */
  largeAddress: 0x02,
  /** Data longer than 32 bits. */
  largeData: 0x04,
} as const;
