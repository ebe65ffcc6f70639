import { assert, assertEquals } from "@std/assert";
import { DebugPort } from "../dap/debug_port.ts";
import { openAccessPort } from "../dap/discovery.ts";
import { MemAp } from "../dap/mem_ap.ts";
import { FakeProbe } from "../dap/testing/fake_probe.ts";
import { openSim } from "../probe/sim/driver.ts";
import { applyBusAttributes } from "./bus_attributes.ts";
import type { ApBusAttributes } from "./description.ts";
import { Target } from "./target.ts";
import { TaskList } from "./task_list.ts";

/** HPROT and HNONSEC in CSW after a word was read with these attributes. */
async function protectionWith(busAttributes?: readonly ApBusAttributes[]): Promise<number> {
  const probe = new FakeProbe();
  const dp = new DebugPort(probe);
  await dp.connect();
  await dp.powerUp();
  const ap = await openAccessPort(dp, { apsel: 0 });
  applyBusAttributes(ap, busAttributes === undefined ? {} : { busAttributes });
  if (ap instanceof MemAp) await ap.read32(0x20000000);
  return (probe.ap0.csw & 0x4f00_0000) >>> 0;
}

Deno.test("applyBusAttributes() gives accesses what the description says of their access port, and only that", async () => {
  const usual = await protectionWith();
  assertEquals(await protectionWith([{ ap: 1, hprot: 0xb }]), usual);
  assertEquals(await protectionWith([{ ap: 0, hprot: 0xb }]), ((usual & 0x4000_0000) | 0x0b00_0000) >>> 0);
  assertEquals(await protectionWith([{ ap: 0, nonSecure: true }]), ((usual & 0x0f00_0000) | 0x4000_0000) >>> 0);
  assertEquals(await protectionWith([{ ap: 0, hprot: 1, nonSecure: false }]), 0x0100_0000);
});

const hprots = (target: Target) => target.aps.map((ap) => ap instanceof MemAp && ap.attributes.hprot);

Deno.test("connect() applies the bus attributes of the description before it looks for cores", async () => {
  const { probe } = await openSim("stm32f072");
  const before: unknown[] = [];
  const target = new Target({
    probe,
    description: {
      name: "D",
      vendor: "V",
      families: [],
      source: "pack",
      memory: [],
      algorithms: [],
      processors: [],
      busAttributes: [{ ap: 0, hprot: 1 }],
    },
    layers: [{
      name: "script",
      hooks: {
        will_init_target: ({ init_sequence }) =>
          void init_sequence.wrap("discovery", async (discovery) => {
            const tasks = await discovery();
            assert(tasks instanceof TaskList);
            return tasks.wrap("find_components", (find) => {
              before.push(...hprots(target));
              return find();
            });
          }),
      },
    }],
  });
  await target.connect("attach");
  assertEquals([before, hprots(target)], [[1], [1]]);
  await target.disconnect();
  await probe.close();
});
