/** A command as a part of a page. */
import type { JSX } from "preact";
import { Table } from "../shared/Table.tsx";
import { type CliCommand, cliCommands, type HelpSection } from "./commands.ts";

const commands: readonly CliCommand[] = await cliCommands();

/** Usage, options and the rest of the help of one command. */
export function Command({ name }: { name: string }): JSX.Element {
  const command = commands.find((one) => one.name === name);
  if (command === undefined) throw new Error(`there is no command '${name}'`);
  const { usage, paragraphs, options, sections } = command;
  return (
    <>
      <pre class="api">
        <code>{usage}</code>
      </pre>
      {paragraphs.map((text) => (
        <p key={text}>{text}</p>
      ))}
      <Table
        label={`Options of ${name}`}
        head={["option", "what it does"]}
        rows={options.map(({ flags, description, initial, choices }) => [
          <code key="flags">{flags}</code>,
          <>
            {choices.length === 0 ? description : `${description}: ${choices.join(" or ")}`}
            {initial !== "" && (
              <>
                ; default <code>{initial}</code>
              </>
            )}
          </>,
        ])}
      />
      {sections.map((section) => (
        <Section key={section.title + section.lines[0]} {...section} />
      ))}
    </>
  );
}

function Section({ title, lines }: HelpSection): JSX.Element {
  if (title === "") return <p>{lines.join(" ")}</p>;
  const codes = lines.map((line) => /^ {2}(\d+) +(.*)$/.exec(line));
  return (
    <>
      <p>
        <strong>{title}</strong>
      </p>
      {codes[0] ? (
        <ul>
          {lines.map((line, n) => (
            <li key={line}>
              {codes[n] ? (
                <>
                  <code>{codes[n][1]}</code> {codes[n][2]}
                </>
              ) : (
                line.trim()
              )}
            </li>
          ))}
        </ul>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard
        <pre class="ref-text" tabIndex={0}>
          <code>{undent(lines)}</code>
        </pre>
      )}
    </>
  );
}

function undent(lines: readonly string[]): string {
  const indent = Math.min(...lines.map((line) => line.search(/\S/)));
  return lines.map((line) => line.slice(indent)).join("\n");
}
