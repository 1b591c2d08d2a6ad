// @peculiar/x509 with the polyfill that its dependency injection asks for. Import it where it is used, when it is used:
// it is needed for minutes of a box's year, and takes some 10 MB.
import 'reflect-metadata'

export * from '@peculiar/x509'
