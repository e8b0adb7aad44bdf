import { fileURLToPath } from "node:url";

import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

// While the page is worked on: where its server is, SERVER=http://127.0.0.1:9000 npm run dev.
const server = process.env["SERVER"] ?? "http://127.0.0.1:8377";
const proxied = { target: server, changeOrigin: true, ws: true, headers: { origin: server } };

const within = (...paths: string[]) => new RegExp(paths.join("|").replaceAll("/", "[\\\\/]"));
// What every view needs comes in one file, and the conversation in another: not in seventy small ones.
// What is fetched only when it is wanted (Markdown, mathematics, streams, questions) is in neither.
const base = within(
  "/node_modules/(react|react-dom|scheduler|react-i18next|i18next|@tanstack|openapi-fetch)/",
  "/node_modules/(radix-ui|@radix-ui|@floating-ui|lucide-react|aria-hidden|get-nonce|tslib)/",
  "/node_modules/(react-(remove|style)|use-(callback|sidecar|sync)).*",
  "/src/(api|parts|shell|state|texts/en)/",
  "/src/place",
  "vite/preload",
);
const talk = within(
  "/views/conversation/(head|transcript|composer/(?!Rec|rec)|live/(?!stream)|use[A-Z]|Con|Op|queries|index|turn)",
  "/views/history/(?!asking|questions|Peek)",
  "/views/welcome/",
  "/src/markdown/words",
);

/** The view that most people land on is fetched beside what every view needs, not after it. */
const ahead: Plugin = {
  name: "ahead",
  apply: "build",
  transformIndexHtml: {
    order: "post",
    handler: (_html, { bundle }) =>
      Object.values(bundle ?? {})
        .filter(({ type, name }) => type === "chunk" && /^(talk|conversation)$/.test(name ?? ""))
        .map(({ fileName }) => ({
          tag: "link",
          attrs: { rel: "modulepreload", crossorigin: true, href: `/${fileName}` },
          injectTo: "head",
        })),
  },
};

export default defineConfig({
  plugins: [react(), tailwindcss(), ahead],
  resolve: { alias: { "~": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    // What the server serves, and the package holds.
    outDir: "../src/holdfast/server/page/static",
    emptyOutDir: true,
    target: "es2023",
    // The policy of the page allows files of this server, and nothing written into them.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 800,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "base", test: base },
            { name: "talk", test: talk },
          ],
        },
      },
    },
  },
  server: {
    proxy: {
      "/api": proxied,
      "/healthz": proxied,
      "^/login\\?": proxied,
      "/ws": proxied,
    },
  },
  test: { environment: "happy-dom", include: ["src/**/*.test.{ts,tsx}"] },
});
