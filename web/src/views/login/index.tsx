export default function LogIn({ locked }: { locked: boolean }) {
  return <main>{String(locked)}</main>;
}
