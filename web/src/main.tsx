import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import "./styles.css";
import "./markdown/prose.css";

import { meQuery, queries } from "./api/queries";
import { router } from "./router";
import { startTexts } from "./texts";

// Asked for while the parts of the view are still on their way.
void queries.prefetchQuery(meQuery);
await startTexts();
createRoot(document.getElementById("page")!).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
