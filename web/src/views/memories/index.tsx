import { Page } from "~/parts/Page";

export default function View() {
  return <Page title="memories">{null}</Page>;
}
