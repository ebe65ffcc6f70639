import { assertEquals, assertRejects } from "@std/assert";
import { VirtualClock } from "../base/clock.ts";
import { InterruptedError, ProbeError, UsageError } from "../base/errors.ts";
import type { Probe, ProbeDriver, ProbeInfo } from "../probe/probe.ts";
import { listProbes, openProbe, type ProbeRequest } from "./probes.ts";

function info(driver: string, uniqueId: string, more: Partial<ProbeInfo> = {}): ProbeInfo {
  return { driver, uniqueId, description: `Probe ${uniqueId}`, vendor: "V", ...more };
}

/** A driver whose probes are what `lists` gives, one entry after the other, the last one for ever. */
function fakeDriver(name: string, lists: readonly (readonly ProbeInfo[])[], enumerable = true) {
  const opened: string[] = [];
  let at = 0;
  const driver: ProbeDriver = {
    name,
    description: name,
    enumerable,
    list: () => Promise.resolve([...lists[Math.min(at++, lists.length - 1)] ?? []]),
    open: (uniqueId) => {
      opened.push(uniqueId);
      return Promise.resolve({ uniqueId } as Probe);
    },
  };
  return { driver, opened };
}

function request(drivers: readonly ProbeDriver[], more: Partial<ProbeRequest> = {}): ProbeRequest {
  return { query: "", drivers, open: {}, clock: new VirtualClock(), ...more };
}

Deno.test("openProbe() without waiting fails when nothing is connected", async () => {
  const { driver } = fakeDriver("a", [[]]);
  await assertRejects(() => openProbe(request([driver])), ProbeError, "none is connected");
  await assertRejects(() => openProbe(request([driver], { query: "b:1" })), UsageError, "no kind of probe");
});

Deno.test("openProbe() throws what is wrong with the probe instead of opening it", async () => {
  const problem = new ProbeError("Cannot open probe: no permission");
  const { driver, opened } = fakeDriver("a", [[info("a", "1", { problem })]]);
  await assertRejects(() => openProbe(request([driver])), ProbeError, "no permission");
  assertEquals(opened, []);
});

Deno.test("openProbe() does not wait when interrupted before", async () => {
  const signal = AbortSignal.abort();
  const { driver } = fakeDriver("a", [[]]);
  await assertRejects(() => openProbe(request([driver], { onWaiting: () => {}, signal })), InterruptedError);
});

Deno.test("openProbe() waits until a probe appears, tells so once, and gives it time to start up", async () => {
  const { driver, opened } = fakeDriver("a", [[], [], [info("a", "1")]]);
  const clock = new VirtualClock();
  let told = 0;
  await openProbe(request([driver], { clock, onWaiting: () => told++ }));
  assertEquals([told, opened, clock.now()], [1, ["1"], 1100]);
});

Deno.test("openProbe() believes what is wrong with a new probe only after its time to start up", async () => {
  const problem = new ProbeError("Cannot open probe: no permission");
  const denied = [info("a", "1", { problem })];
  const waiting = { onWaiting: () => {} };
  const permitted = fakeDriver("a", [[], denied, [info("a", "1")]]);
  await openProbe(request([permitted.driver], waiting));
  assertEquals(permitted.opened, ["1"]);
  const refused = fakeDriver("a", [[], denied, denied]);
  await assertRejects(() => openProbe(request([refused.driver], waiting)), ProbeError, "no permission");
});

Deno.test("openProbe() goes on waiting when the probe has gone again while it started up", async () => {
  const { driver, opened } = fakeDriver("a", [[], [info("a", "1")], [], [info("a", "2")]]);
  await openProbe(request([driver], { onWaiting: () => {} }));
  assertEquals(opened, ["2"]);
});

Deno.test("openProbe() is interrupted at once, also while a probe starts up", async () => {
  for (const lists of [[[]], [[], [info("a", "1")]]]) {
    const abort = new AbortController();
    const clock = {
      now: () => 0,
      sleep: () => {
        queueMicrotask(() => abort.abort());
        return new Promise<void>(() => {});
      },
    };
    const { driver } = fakeDriver("a", lists);
    const waiting = { onWaiting: () => {}, signal: abort.signal, clock };
    await assertRejects(() => openProbe(request([driver], waiting)), InterruptedError, "while waiting");
  }
});

Deno.test("openProbe() asks when several fit, or fails when nobody can be asked or an ID was given", async () => {
  const { driver, opened } = fakeDriver("a", [[info("a", "10"), info("a", "11")]]);
  await assertRejects(() => openProbe(request([driver])), UsageError, "Cannot choose among 2");
  const choose = (probes: readonly ProbeInfo[]): Promise<ProbeInfo> => Promise.resolve(probes[1]!);
  await assertRejects(() => openProbe(request([driver], { choose, query: "1" })), UsageError, "Cannot choose");
  await openProbe(request([driver], { choose }));
  await openProbe(request([driver], { choose, query: "A:10" }));
  assertEquals(opened, ["11", "10"]);
});

Deno.test("openProbe() hands the whole text to a driver whose probes do not show up", async () => {
  const { driver, opened } = fakeDriver("sim", [[]], false);
  await openProbe(request([driver], { query: "sim:board?x=1" }));
  assertEquals(opened, ["board?x=1"]);
});

Deno.test("listProbes() joins drivers, sorts, and leaves out those that must be named", async () => {
  const a = fakeDriver("a", [[info("a", "2"), info("a", "1")]]);
  const hidden = fakeDriver("sim", [[info("sim", "0")]], false);
  const ids = (await listProbes([a.driver, hidden.driver], {})).map(({ uniqueId }) => uniqueId);
  assertEquals(ids, ["1", "2"]);
});

/** A driver that cannot list. */
function brokenDriver(error: Error): ProbeDriver {
  return { ...fakeDriver("broken", []).driver, list: () => Promise.reject(error) };
}

Deno.test("listProbes() throws the failure of a driver when no other has found anything", async () => {
  const broken = brokenDriver(new ProbeError("Cannot load libusb"));
  const told: string[] = [];
  const list = (): Promise<ProbeInfo[]> =>
    listProbes([fakeDriver("a", [[]]).driver, broken], {}, ({ name }) => told.push(name));
  await assertRejects(list, ProbeError, "Cannot load libusb");
  assertEquals(told, []);
});

Deno.test("listProbes() shows what others have found beside a driver that fails, unless that is a bug", async () => {
  const { driver } = fakeDriver("a", [[info("a", "1")]]);
  const told: string[] = [];
  const tell = ({ name }: ProbeDriver, { message }: Error): number => told.push(`${name}: ${message}`);
  const found = await listProbes([brokenDriver(new ProbeError("Cannot load libusb")), driver], {}, tell);
  assertEquals([found.map(({ uniqueId }) => uniqueId), told], [["1"], ["broken: Cannot load libusb"]]);
  await assertRejects(() => listProbes([driver, brokenDriver(new TypeError("x is not a function"))], {}), TypeError);
});
