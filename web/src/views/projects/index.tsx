import { usePlace } from "~/place";

import { Project } from "./Project";
import { Projects } from "./Projects";

export default function View() {
  const { project } = usePlace();
  return project ? <Project key={project} slug={project} /> : <Projects />;
}
