/**
 * Connects to every probe that is plugged in, works with it and expects nothing but an end: run by rung1_test.ts with
 * probes that have faults. Prints one line of JSON.
 *
 * @module
 */
import { TapirError } from "../../lib/base/errors.ts";
import { cmsisDapUsbDriver } from "../../lib/probe/cmsis_dap/usb_driver.ts";

/** More than the sum of all bounded waits of one run. */
const LIMIT_MS = 30_000;
/** Fewer than Deno's pool has threads: each context waits on one. */
const AT_ONCE = 25;

async function work(serial: string): Promise<void> {
  const probe = await cmsisDapUsbDriver().open(serial);
  try {
    await probe.connect("swd");
    await probe.swjSequence(136, new Uint8Array(17).fill(0xff));
    for (let i = 0; i < 20; i++) {
      await probe.transfer([
        { kind: "read", port: "dp", register: 0 },
        { kind: "read-block", port: "dp", register: 0, count: 300 },
      ]);
    }
  } finally {
    await probe.close();
  }
}

if (import.meta.main) {
  const serials = (await cmsisDapUsbDriver().list()).map(({ uniqueId }) => uniqueId);
  let failed = 0;
  let slowestMs = 0;
  const next = async (): Promise<void> => {
    for (let serial = serials.pop(); serial !== undefined; serial = serials.pop()) {
      const start = performance.now();
      try {
        await work(serial);
      } catch (error) {
        if (!(error instanceof TapirError)) throw error;
        failed++;
      }
      const ms = performance.now() - start;
      if (ms > LIMIT_MS) throw new Error(`${serial} took ${ms} ms`);
      slowestMs = Math.max(slowestMs, Math.round(ms));
    }
  };
  const runs = serials.length;
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  console.log(JSON.stringify({ runs, failed, slowestMs }));
}
