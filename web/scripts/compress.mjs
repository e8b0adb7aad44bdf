// Each text file of the build beside itself as .br and .gz, so that the server need not compress.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const built = fileURLToPath(new URL("../../src/holdfast/server/page/static/", import.meta.url));
const texts = /\.(js|css|html|svg|json|wasm)$/;

for (const entry of await readdir(built, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !texts.test(entry.name)) continue;
  const path = `${entry.parentPath}/${entry.name}`;
  const bytes = await readFile(path);
  if (bytes.length < 1024) continue;
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
  await writeFile(`${path}.br`, brotliCompressSync(bytes, quality));
  await writeFile(`${path}.gz`, gzipSync(bytes, { level: 9 }));
}
