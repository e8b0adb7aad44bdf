import { Page } from "~/parts/Page";

export default function View() {
  return <Page title="profile">{null}</Page>;
}
