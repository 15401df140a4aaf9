import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

/**
 * Prints what veraPDF says of each document of a folder, a line each: name, the flavour that the
 * document claims, and the clauses it breaks, all set apart by tabs.
 */
public final class Conformance {
  public static void main(String[] arguments) throws Exception {
    Logger.getLogger("").setLevel(Level.OFF);
    VeraGreenfieldFoundryProvider.initialise();
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (Path document : in(Path.of(arguments[0]))) {
      out.println(judge(document));
    }
  }

  private static String judge(Path document) throws Exception {
    try (InputStream data = Files.newInputStream(document);
        PDFAParser parser = Foundries.defaultInstance().createParser(data)) {
      List<PDFAFlavour> claimed = parser.getFlavours();
      PDFAFlavour flavour = claimed.isEmpty() ? PDFAFlavour.NO_FLAVOUR : claimed.get(0);
      TreeSet<String> broken = new TreeSet<>();
      if (flavour != PDFAFlavour.NO_FLAVOUR) {
        PDFAValidator validator = Foundries.defaultInstance().createValidator(flavour, false);
        ValidationResult result = validator.validate(parser);
        for (TestAssertion each : result.getTestAssertions()) {
          if (each.getStatus() != TestAssertion.Status.PASSED) {
            broken.add(each.getRuleId().getClause() + "-" + each.getRuleId().getTestNumber());
          }
        }
        if (!result.isCompliant() && broken.isEmpty()) {
          broken.add("not compliant");
        }
      }
      return String.join(
          "\t", document.getFileName().toString(), flavour.getId(), String.join(" ", broken));
    }
  }

  private static List<Path> in(Path folder) throws Exception {
    try (Stream<Path> found = Files.list(folder)) {
      return found.sorted().toList();
    }
  }

  private Conformance() {}
}
