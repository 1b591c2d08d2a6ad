# From the command line: $base and $code; $protocol is what curl may use.
while [ $# -gt 0 ]; do
  case $1 in
  --base-url) [ $# -gt 1 ] || fail '--base-url takes an address'; base=${2%/}; shift ;;
  -*) fail "there is no option $1; there is --base-url URL" ;;
  *) code=$1 ;;
  esac
  shift
done
case $base in
*@*) fail "an address with a name in it is not taken: $base" ;;
https://?*) protocol='=https' ;;
http://127.0.0.1 | http://127.0.0.1[:/]*) protocol='=http' ;;
*) fail "only https:// addresses are taken, not $base" ;;
esac
