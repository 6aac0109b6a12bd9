// fast-check as a contestant: its scheduler, on promises; called as `node fast_check.mjs FOLDER TASKS STEPS SECONDS`.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [folder, tasks, steps, seconds] = [process.argv[2], ...process.argv.slice(3).map(Number)];
const fc = createRequire(join(folder, "main.js"))("fast-check");
const version = JSON.parse(readFileSync(join(folder, "node_modules", "fast-check", "package.json"))).version;
const BATCH = 2000;
const SAMPLE_MAX = 2000;

const factorial = (n) => (n < 2 ? 1 : n * factorial(n - 1));

// A task is scheduled before each of its steps, the first one too, as a task of asyncio or trio is.
const property = (orders) =>
  fc.asyncProperty(fc.scheduler(), async (scheduler) => {
    const order = [];
    const task = async (number) => {
      for (let step = 0; step < steps; step += 1) {
        await scheduler.schedule(Promise.resolve());
        order.push(number);
      }
    };
    const all = Promise.all(Array.from({ length: tasks }, (_, number) => task(number)));
    await (scheduler.waitIdle ?? scheduler.waitAll).call(scheduler);
    await all;
    if (orders !== undefined) orders.push(order.join());
  });

const run = async (numRuns, orders) => {
  const details = await fc.check(property(orders), { numRuns, seed: numRuns });
  if (details.failed) throw new Error("the property failed");
  return details.numRuns;
};

// With 0 seconds: which interleavings are reached by ten executions for each, as in `timing.py`.
const reach = async () => {
  const orders = [];
  await run(Math.min((10 * factorial(tasks * steps)) / factorial(steps) ** tasks, SAMPLE_MAX), orders);
  return { way: "random", executions: orders.length, distinct: new Set(orders).size };
};

const speed = async () => {
  await run(BATCH);
  const began = process.cpuUsage();
  const elapsed = () => {
    const { user, system } = process.cpuUsage(began);
    return (user + system) / 1e6;
  };
  let executions = 0;
  while (elapsed() < seconds) executions += await run(BATCH);
  return { way: "random", executions, seconds: elapsed() };
};

const ways = [seconds === 0 ? await reach() : await speed()];
console.log(JSON.stringify({ version, runtime: `node ${process.versions.node}`, ways }));
