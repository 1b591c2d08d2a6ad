// @peculiar/x509 with the polyfill that its dependency injection asks for. Import it where it is used, when it is used:
// it is needed for minutes a year, and takes some 10 MB.
import 'reflect-metadata'

// by name: a bundle cannot pass on all the names of a package that is CommonJS inside
export {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
