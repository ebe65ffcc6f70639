import { assertEquals } from "@std/assert";
import { VirtualClock } from "../../base/clock.ts";
import { Watchdog } from "./watchdog.ts";

/** A watchdog, its barks, and a clock that goes as timers say when they go off. */
function watch() {
  const clock = new VirtualClock();
  const barks: [number, boolean][] = [];
  const dog = new Watchdog(clock, (isAgain) => barks.push([clock.now(), isAgain]));
  return { clock, barks, dog };
}

/** Lets time pass, for the clock and for timers. */
async function pass(clock: VirtualClock, ms: number): Promise<void> {
  for (let i = 0; i < ms; i++) {
    await clock.sleep(1);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

Deno.test("Watchdog barks when time is over, and once more after as long again", async () => {
  const { clock, barks, dog } = watch();
  dog.watch(3);
  await pass(clock, 20);
  assertEquals(barks.map(([, isAgain]) => isAgain), [false, true]);
  assertEquals(barks[0]![0] >= 3 && barks[1]![0] >= 6, true);
  dog.close();
});

Deno.test("Watchdog is silent while each wait ends in time, and when nothing is awaited", async () => {
  const { clock, barks, dog } = watch();
  for (let i = 0; i < 8; i++) {
    dog.watch(40);
    await pass(clock, 10);
  }
  dog.rest();
  await pass(clock, 60);
  dog.watch(40);
  dog.close();
  await pass(clock, 60);
  assertEquals(barks, []);
});

Deno.test("Watchdog.expire() barks at once when something is awaited, and only then", async () => {
  const { clock, barks, dog } = watch();
  dog.expire();
  assertEquals(barks, []);
  dog.watch(5);
  dog.expire();
  dog.expire();
  assertEquals(barks, [[0, false]]);
  await pass(clock, 20);
  assertEquals(barks.map(([, isAgain]) => isAgain), [false, true]);
  dog.close();
});

Deno.test("Watchdog takes a shorter wait as seriously as a longer one before", async () => {
  const { clock, barks, dog } = watch();
  dog.watch(60_000);
  dog.watch(3);
  await pass(clock, 5);
  assertEquals(barks.map(([, isAgain]) => isAgain)[0], false);
  dog.close();
});
