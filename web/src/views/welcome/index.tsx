import { Page } from "~/parts/Page";

export default function View() {
  return <Page title="welcome">{null}</Page>;
}
