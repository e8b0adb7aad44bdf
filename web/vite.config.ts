import { fileURLToPath } from "node:url";

import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// While the page is worked on: where its server is, SERVER=http://127.0.0.1:9000 npm run dev.
const server = process.env["SERVER"] ?? "http://127.0.0.1:8377";
const proxied = { target: server, changeOrigin: true, ws: true, headers: { origin: server } };

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: { alias: { "~": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    // What the server serves, and the package holds.
    outDir: "../src/holdfast/server/page/static",
    emptyOutDir: true,
    target: "es2023",
    // The policy of the page allows files of this server, and nothing written into them.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 400,
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
