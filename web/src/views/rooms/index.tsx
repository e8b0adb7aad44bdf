import { usePlace } from "~/place";

import { Room } from "./Room";
import { Rooms } from "./Rooms";

export default function View() {
  const { room } = usePlace();
  return room ? <Room key={room} id={room} /> : <Rooms />;
}
