# From the command line: $base and $code_file, or $code as it was once given; $protocol is what curl may use.
while [ $# -gt 0 ]; do
  case $1 in
  --base-url) [ $# -gt 1 ] || fail '--base-url needs a URL'; base=${2%/}; shift ;;
  --code-file)
    [ $# -gt 1 ] || fail '--code-file needs a file'
    [ -r "$2" ] || fail "--code-file $2 cannot be read"
    code_file=$2
    shift
    ;;
  -*) fail "unknown option $1; the options are --base-url URL and --code-file FILE" ;;
  *) code=$1 ;;
  esac
  shift
done
case $base in
*@*) fail "a URL with a user name is not accepted: $base" ;;
https://?*) protocol='=https' ;;
http://127.0.0.1 | http://127.0.0.1[:/]*) protocol='=http' ;;
*) fail "the URL must begin with https://, not $base" ;;
esac
