/**
 * Adds a command to the commander that shows the vector table.
 *
 *     tapir commander --script vectable.ts -c "vectable 20"
 */
import { command, hex } from "tapir";

const VTOR = 0xe000ed08;
const SYSTEM = [
  "initial SP",
  "Reset",
  "NMI",
  "HardFault",
  "MemManage",
  "BusFault",
  "UsageFault",
  "SecureFault",
  ...["reserved", "reserved", "reserved"],
  "SVCall",
  "DebugMonitor",
  "reserved",
  "PendSV",
  "SysTick",
];

command(
  { name: ["vectable", "vt"], help: "Show the vector table.", args: { count: "int?", address: "int?" } },
  async ({ core, print }, { count = SYSTEM.length, address }) => {
    const base = address ?? await core.read32(VTOR);
    const table = await core.readWords(base, count);
    print(`Vector table at ${hex(base)}:`);
    for (const [number, vector] of table.entries()) {
      const name = SYSTEM[number] ?? `IRQ ${number - SYSTEM.length}`;
      print(`  ${String(number).padStart(3)}  ${name.padEnd(12)}  ${hex(vector)}`);
    }
  },
);
