export function Sidebar() {
  return <nav id="history" tabIndex={-1} />;
}
