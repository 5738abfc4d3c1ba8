import FoundationEssentials
import Testing

/// What watches a run, on tables and with groups of parameters.
@Suite("Watched runs of tables and groups")
struct WatchedRunTests {
  private func write(_ rows: [String], _ path: String) throws {
    try Data(rows.joined(separator: "\n").utf8).write(to: URL(filePath: path))
  }

  @Test("A log of groups as comma-separated values goes on where its run does")
  func groups() throws {
    try withTemporaryFolder { folder in
      try SmallDataset().write(to: folder + "/data")
      let settings =
        "--data @/data --batch-size 16 --seed 7 "
        + "--optimizer weights:~adam()~/~sgd(1e-5);~b1:~frozen;~biases:~sgd(0.01)"
      for arguments in [
        "\(settings) --steps 11 --log @/whole.csv",
        "\(settings) --steps 6 --log @/cut.csv --checkpoint @/run",
        "--resume @/run --steps 11 --log @/cut.csv",
      ] {
        let run = try train(folder, arguments)
        #expect(run.status == 0, "\(run.errors)")
      }
      let whole = try text(folder + "/whole.csv").split(separator: "\n")
      #expect(
        whole[0].hasPrefix(
          "step,loss,weights.level_0.alpha,weights.level_0.beta1,weights.level_0.beta2,weights.level_0.eps,"
            + "weights.level_1.alpha,biases.level_0.alpha,test_accuracy_percent,"))
      #expect(whole.count == 13)
      #expect(try stepLines(folder + "/cut.csv") == stepLines(folder + "/whole.csv"))
    }
  }

  @Test("A run that predicts values has losses and errors where others have accuracies")
  func values() throws {
    try withTemporaryFolder { folder in
      let rows = (0..<300).map { "\($0 % 17),\($0 % 5),\(1000 + 30 * ($0 % 17) - 50 * ($0 % 5))" }
      try write(["a,b,price"] + rows, folder + "/t.csv")
      let run = try train(
        folder,
        "--hidden 8 --data @/t.csv --target price --validation 0.2 --epochs 3 --early-stopping 50 --save-best @/best "
          + "--report @/r.html --tensorboard @/events --plot @/plot --log @/log.csv")
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.output.contains("best validation loss "), "\(run.output)")
      let page = try text(folder + "/r.html")
      #expect(page.contains("validation R²") && page.contains("--target"))
      #expect(!page.contains("accuracy") && !page.contains("Confusion"))
      #expect(
        try text(folder + "/log.csv").hasPrefix(
          "step,loss,level_0.alpha,level_1.kappa,validation_loss,validation_rmse,"))
      #expect(!(try text(folder + "/plot/training.gnuplot")).contains("accuracy"))
      let events = try #require(eventFiles(folder + "/events").first)
      let bytes = try Data(contentsOf: URL(filePath: folder + "/events/" + events))
      #expect(bytes.firstRange(of: Data("validation_loss".utf8)) != nil)
      #expect(bytes.firstRange(of: Data("accuracy".utf8)) == nil)
    }
  }

  @Test(
    "Weights of classes decide which weights are the best, and a report calls classes by their names"
  )
  func classes() throws {
    try withTemporaryFolder { folder in
      let rows = (0..<200).map {
        "\($0 % 5 == 2 ? 3 + $0 % 3 : $0 % 3),\($0 % 5 == 2 ? "<yes>" : "no")"
      }
      try write(["size,churn"] + rows, folder + "/t.csv")
      let run = try train(
        folder,
        "--hidden 4 --data @/t.csv --target churn --validation 0.2 --class-weights balanced --epochs 3 "
          + "--save-best @/best --report @/r.html")
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.output.contains("best validation balanced accuracy "), "\(run.output)")
      let page = try text(folder + "/r.html")
      #expect(page.contains("<th>&lt;yes&gt;</th><th>no</th>") && !page.contains("<figure>"))
    }
  }
}
