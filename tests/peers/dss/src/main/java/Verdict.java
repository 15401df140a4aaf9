import eu.europa.esig.dss.enumerations.SubIndication;
import eu.europa.esig.dss.jaxb.object.Message;
import eu.europa.esig.dss.model.DSSDocument;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.simplereport.jaxb.XmlTimestamp;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CertificateVerifier;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.spi.x509.revocation.crl.ExternalResourcesCRLSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Prints DSS's verdict on each document of a folder, a JSON object a line.
 *
 * <p>The folder holds `documents/*.pdf`, `anchors/*` (certificates that are trusted), `crls/*`
 * (revocation lists at hand); nothing is fetched. The second argument is the time of validation.
 */
public final class Verdict {
  public static void main(String[] arguments) throws IOException {
    Path folder = Path.of(arguments[0]);
    Date time = Date.from(Instant.parse(arguments[1]));
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (Path document : in(folder.resolve("documents"))) {
      out.println(judge(document, verifier(folder), time));
    }
  }

  private static CertificateVerifier verifier(Path folder) throws IOException {
    CommonTrustedCertificateSource anchors = new CommonTrustedCertificateSource();
    for (Path anchor : in(folder.resolve("anchors"))) {
      anchors.addCertificate(DSSUtils.loadCertificate(anchor.toFile()));
    }
    DSSDocument[] lists =
        in(folder.resolve("crls")).stream()
            .map(list -> new FileDocument(list.toFile()))
            .toArray(DSSDocument[]::new);
    CommonCertificateVerifier verifier = new CommonCertificateVerifier();
    verifier.setTrustedCertSources(anchors);
    verifier.setCrlSource(new ExternalResourcesCRLSource(lists));
    verifier.setAIASource(null);
    return verifier;
  }

  private static String judge(Path document, CertificateVerifier verifier, Date time) {
    SignedDocumentValidator validator =
        SignedDocumentValidator.fromDocument(new FileDocument(document.toFile()));
    validator.setCertificateVerifier(verifier);
    validator.setValidationTime(time);
    validator.setLocale(Locale.ENGLISH);
    SimpleReport report = validator.validateDocument().getSimpleReport();
    String signatures =
        report.getSignatureIdList().stream()
            .map(id -> signature(report, id))
            .collect(Collectors.joining(","));
    // time-stamps over the document that belong to no signature
    String stamps =
        report.getTimestampIdList().stream()
            .map(id -> "{" + verdict(report, id) + "}")
            .collect(Collectors.joining(","));
    return "{\"name\":%s,\"signatures\":[%s],\"timestamps\":[%s]}"
        .formatted(quoted(document.getFileName().toString()), signatures, stamps);
  }

  private static String signature(SimpleReport report, String id) {
    List<XmlTimestamp> own = report.getSignatureTimestamps(id);
    String stamps =
        own.stream()
            .map(each -> quoted(each.getIndication().name()))
            .collect(Collectors.joining(","));
    return "{\"level\":%s,%s,\"stamps\":[%s]}"
        .formatted(quoted(report.getSignatureFormat(id).name()), verdict(report, id), stamps);
  }

  private static String verdict(SimpleReport report, String id) {
    SubIndication sub = report.getSubIndication(id);
    return "\"indication\":%s,\"sub_indication\":%s,\"errors\":[%s],\"warnings\":[%s]"
        .formatted(
            quoted(report.getIndication(id).name()),
            sub == null ? "null" : quoted(sub.name()),
            texts(report.getAdESValidationErrors(id)),
            texts(report.getAdESValidationWarnings(id)));
  }

  private static String texts(List<Message> messages) {
    return messages.stream()
        .map(message -> quoted(message.getKey() + ": " + message.getValue()))
        .collect(Collectors.joining(","));
  }

  private static List<Path> in(Path folder) throws IOException {
    try (Stream<Path> found = Files.list(folder)) {
      return found.sorted().toList();
    }
  }

  private static String quoted(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (char letter : text.toCharArray()) {
      if (letter == '"' || letter == '\\') {
        out.append('\\').append(letter);
      } else if (letter < ' ') {
        out.append("\\u%04x".formatted((int) letter));
      } else {
        out.append(letter);
      }
    }
    return out.append('"').toString();
  }

  private Verdict() {}
}
