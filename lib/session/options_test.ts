import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../base/errors.ts";
import { OPTION_LAYERS, type OptionChange, Options } from "./options.ts";

Deno.test("Options.put() refuses a value that does not fit", () => {
  const options = new Options();
  assertThrows(
    () => options.put("config", "frequency", "fast", "x.yaml"),
    UsageError,
    "Cannot set option frequency to fast",
  );
  assertEquals(options.isSet("frequency"), false);
});

Deno.test("Options.get() takes the highest layer, in any order of filling", () => {
  for (const order of [[...OPTION_LAYERS], [...OPTION_LAYERS].reverse()]) {
    const options = new Options();
    for (const layer of order) options.put(layer, "frequency", 1000 + OPTION_LAYERS.indexOf(layer), layer);
    assertEquals(options.get("frequency"), 1000);
    assertEquals(options.origin("frequency"), { layer: "live", source: "live" });
  }
});

Deno.test("Options.fill() leaves undefined values out", () => {
  const options = new Options({ frequency: undefined, target_override: "k64f" });
  assertEquals(options.setNames(), ["target_override"]);
  assertEquals(options.origin("frequency").layer, "default");
});

Deno.test("Options.set() tells listeners what changed, once, and only when it did", () => {
  const options = new Options({ frequency: 2000 });
  const seen: OptionChange[] = [];
  const stop = options.onChange((change) => seen.push(change));
  options.set("frequency", 4000);
  options.set("frequency", 4000);
  options.put("config", "frequency", 1, "hidden under the live value");
  stop();
  options.set("frequency", 8000);
  assertEquals(seen, [{ name: "frequency", value: 4000, previous: 2000 }]);
});

Deno.test("Options takes other spellings of a name, and refuses what is none, with near names", () => {
  const options = new Options();
  const typo = "frequncy" as "frequency";
  for (const use of [() => options.set(typo, 1), () => options.get(typo), () => new Options({ [typo]: 1 })]) {
    const error = assertThrows(use, UsageError, "Cannot use option frequncy: there is no such option");
    assertEquals(error.hint, "Did you mean frequency?");
  }
  options.set("FREQUENCY" as "frequency", 5);
  assertEquals(options.get("frequency"), 5);
});
