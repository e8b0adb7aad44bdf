/** The addresses of the page. Each view is a file of its own, fetched when it is first wanted. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";

import { Broken } from "~/shell/Broken";
import { Lost } from "~/shell/Lost";
import { Shell } from "~/shell/Shell";
import { arriving } from "~/state/arriving";

const root = createRootRoute({ component: Shell, notFoundComponent: Lost, errorComponent: Lost });

type View = Parameters<typeof lazyRouteComponent>[0];
const at = (path: string, view: View) =>
  createRoute({
    getParentRoute: () => root,
    path,
    component: lazyRouteComponent(() => arriving(view)),
  });

const conversation: View = () => import("~/views/conversation");
const assistants: View = () => import("~/views/assistants");
const projects: View = () => import("~/views/projects");
const memories: View = () => import("~/views/memories");
const rooms: View = () => import("~/views/rooms");

/** Who has just come in begins to talk; what there is to try stands in the empty conversation. */
const toNew = () => {
  throw redirect({ to: "/c/$session", params: { session: "new" }, replace: true });
};

const tree = root.addChildren([
  createRoute({
    getParentRoute: () => root,
    path: "/",
    beforeLoad: toNew,
  }),
  at("/c/$session", conversation),
  at("/find", () => import("~/views/find")),
  at("/memories", memories),
  at("/memories/$memory", memories),
  at("/assistants", assistants),
  at("/assistants/$slug", assistants),
  at("/assistants/$slug/sessions", assistants),
  at("/projects", projects),
  at("/projects/$slug", projects),
  at("/rooms", rooms),
  at("/rooms/$room", rooms),
  at("/trash", () => import("~/views/trash")),
  at("/profile", () => import("~/views/profile")),
  at("/profile/$section", () => import("~/views/profile")),
  createRoute({
    getParentRoute: () => root,
    path: "/welcome",
    beforeLoad: toNew,
  }),
]);

export const router = createRouter({
  routeTree: tree,
  defaultPreload: "intent",
  defaultErrorComponent: Broken,
  scrollRestoration: true,
  defaultStructuralSharing: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
