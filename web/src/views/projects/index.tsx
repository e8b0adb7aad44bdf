import { Page } from "~/parts/Page";

export default function View() {
  return <Page title="projects">{null}</Page>;
}
