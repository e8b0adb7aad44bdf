import assistants from "./assistants.json";
import chat from "./chat.json";
import find from "./find.json";
import history from "./history.json";
import memories from "./memories.json";
import profile from "./profile.json";
import rooms from "./rooms.json";
import shell from "./shell.json";
import welcome from "./welcome.json";

/** The catalogue: one file for each part of the page. */
export default {
  ...assistants,
  ...chat,
  ...find,
  ...history,
  ...memories,
  ...profile,
  ...rooms,
  ...shell,
  ...welcome,
};
