/** The sum of a metric over its labels, as a process reports it; 0 if it reports none. */
export async function readMetric(server: Readonly<{ origin: string }>, name: string): Promise<number> {
  const text = await (await fetch(`${server.origin}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
