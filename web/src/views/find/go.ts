/** The way from a result to where it stands. */
import { useNavigate, useRouter } from "@tanstack/react-router";

import type { Hit } from "./queries";
import type { Finding } from "./useFinding";

export function useGo(finding: Finding, left: () => void) {
  const go = useNavigate();
  const router = useRouter();
  return (hit: Hit | undefined, elsewhere: boolean): void => {
    const way = finding.way(hit);
    if (!way) return;
    if (elsewhere) {
      window.open(router.buildLocation({ ...way } as never).href, "_blank", "noopener");
      return;
    }
    left();
    void go({ ...way } as never);
  };
}
