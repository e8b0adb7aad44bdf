import { PanelLeft } from "lucide-react";
import { useTranslation } from "react-i18next";

import { IconButton } from "~/parts/Button";
import { toggleSidebar, useSidebar } from "~/state/sidebar";

/** Shows the sidebar again where it is hidden: on phones, and where it was folded away. */
export function MenuButton() {
  const { t } = useTranslation();
  const open = useSidebar();
  return (
    <IconButton
      name={t("shell.showSidebar")}
      keys="mod+b"
      aria-expanded={open}
      onClick={toggleSidebar}
      className={open ? "md:hidden" : ""}
    >
      <PanelLeft className="rtl:-scale-x-100" />
    </IconButton>
  );
}
