/** The command line: commands, exit codes and reports. The only package that knows picocli. */
package io.pageflip.cli;
