export default function Finder() {
  return null;
}
