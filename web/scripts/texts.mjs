// Every language has the same texts, with the same values in them; every text is used.
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("../src/", import.meta.url));
const flat = (node, path = "") =>
  Object.entries(node).flatMap(([key, value]) =>
    typeof value === "string" ? [[path + key, value]] : flat(value, `${path}${key}.`),
  );
const read = async (language) => {
  const folder = `${source}texts/${language}/`;
  const parts = (await readdir(folder)).filter((name) => name.endsWith(".json"));
  const texts = await Promise.all(
    parts.map(async (name) => JSON.parse(await readFile(folder + name, "utf8"))),
  );
  return new Map(texts.flatMap((part) => flat(part)));
};
const values = (text) =>
  [...text.matchAll(/{{\s*([\w]+)/g)]
    .map((found) => found[1])
    .toSorted()
    .join();
const plain = (key) => key.replace(/_(zero|one|two|few|many|other)$/, "");

const [english, german] = [await read("en"), await read("de")];
const wrong = [];
for (const [key, text] of english) {
  if (!german.has(key)) wrong.push(`de.json lacks ${key}`);
  else if (values(german.get(key)) !== values(text)) wrong.push(`de.json: ${key} has other values`);
}
for (const key of german.keys()) if (!english.has(key)) wrong.push(`en.json lacks ${key}`);

let code = "";
for (const entry of await readdir(source, { recursive: true, withFileTypes: true }))
  if (entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.name.endsWith("schema.ts"))
    code += await readFile(`${entry.parentPath}/${entry.name}`, "utf8");
// A key may be put together at its end: t(`kinds.${kind}`) uses all of kinds.
const families = [...code.matchAll(/[`]([a-zA-Z_.]+)\.\$\{/g)].map((found) => `${found[1]}.`);
for (const key of new Set([...english.keys()].map(plain)))
  if (!code.includes(`"${key}"`) && !families.some((family) => key.startsWith(family)))
    wrong.push(`nothing uses ${key}`);

for (const line of wrong) console.error(line);
process.exitCode = wrong.length ? 1 : 0;
