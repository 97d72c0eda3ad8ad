/**
 * A copy in memory of all that can be found, made for searching. Owns putting vendors and documents
 * where they belong; never reads from anywhere by itself. Bounded: past its bounds it says that it is
 * full, and the tables answer instead.
 */

import { Areas } from './areas.ts';
import * as cards from './cards.ts';
import { DocumentTable } from './document-table.ts';
import type { Neighbourhood } from './neighbourhoods.ts';
import { Neighbourhoods } from './neighbourhoods.ts';
import type { ModelDocument, ModelVendor } from './rows.ts';
import { NONE, VendorTable } from './vendor-table.ts';

/** About 400 bytes each (docs/search.md says what was measured). */
export const DOCUMENTS_MAX = 2_000_000;
export const VENDORS_MAX = 200_000;
if (VENDORS_MAX >= cards.SLOTS_MAX) throw new Error('more vendors than fit on a card');
/** Room left in a neighbourhood when everything is loaded at once. */
const SLACK = 1.1;

export class ReadModel {
  readonly vendors = new VendorTable();
  readonly documents = new DocumentTable();
  readonly places = new Neighbourhoods();
  readonly areas = new Areas(this.vendors, this.places);

  get isFull(): boolean {
    return this.documents.size > DOCUMENTS_MAX || this.vendors.size > VENDORS_MAX;
  }

  /** Fills an empty model: much faster than one by one. */
  fill(
    rows: readonly ModelVendor[],
    counts: ReadonlyMap<string, number>,
  ): { put(rows: readonly ModelDocument[]): void; finish(): void } {
    const together = new Map<Neighbourhood, ModelVendor[]>();
    // What changed while it was read is there twice; the later one counts.
    for (const row of new Map(rows.map((each) => [each.id, each])).values()) {
      const place = this.placeOf(row);
      const there = together.get(place);
      if (there === undefined) together.set(place, [row]);
      else there.push(row);
    }
    // Neighbours get neighbouring slots and numbers: a search reads columns in one go.
    for (const [place, there] of together) {
      for (const row of there) this.settle(row, place);
      const count = there.reduce((sum, { id }) => sum + (counts.get(id) ?? 0), 0);
      this.places.reserve(place, Math.ceil(count * SLACK));
    }
    const again: ModelDocument[] = [];
    return {
      put: (documents) => {
        for (const row of documents) {
          if (this.documents.numberOf(row.id) === undefined) this.putDocument(row, false);
          else again.push(row);
        }
      },
      finish: () => {
        this.documents.arrange();
        for (const row of again) this.putDocument(row);
      },
    };
  }

  /** Takes in a vendor. True: its documents must be put in again, because they have another place. */
  putVendor(row: ModelVendor): boolean {
    const known = this.vendors.slotOf(row.id);
    const before = known === undefined ? undefined : this.vendors.places[known];
    const place = this.placeOf(row);
    if (before !== undefined && known !== undefined && before !== place) {
      this.eachDocumentOf(known, before, (document) => this.removeDocument(document));
      before.vendors.delete(known);
    } else if (known !== undefined && this.vendors.ratingCentiOf(known) !== row.rating_centi) {
      this.eachDocumentOf(known, place, (document) =>
        this.documents.rate(document, row.rating_centi),
      );
    }
    this.settle(row, place);
    return before !== place;
  }

  /** Takes in a document; one of a vendor that is not known waits in the tables until it is. */
  putDocument(row: ModelDocument, sorted = true): void {
    const { documents, vendors } = this;
    const known = documents.numberOf(row.id);
    const slot = vendors.slotOf(row.vendor);
    if (known !== undefined && row.listed && documents.slotOf(known) === slot) {
      const words = documents.readWords(row.words);
      if (documents.hasWords(known, words)) {
        const ratingCenti = vendors.ratingCentiOf(slot);
        documents.change(known, row, { slot, ratingCenti, nameWords: words.ofName });
        return;
      }
    }
    if (known !== undefined) this.removeDocument(known);
    if (!row.listed || slot === undefined) return;
    const place = vendors.places[slot] as Neighbourhood;
    // Then it gets a new run, which areas know nothing of.
    if (place.free.length === 0) this.areas.forget(place.box);
    const document = this.places.take(place);
    documents.put(document, row, { slot, ratingCenti: vendors.ratingCentiOf(slot), sorted });
    if (row.type === 'vendor') vendors.setDocument(slot, document);
  }

  private removeDocument(document: number): void {
    const slot = this.documents.slotOf(document);
    if (this.vendors.documentOf(slot) === document) this.vendors.setDocument(slot, NONE);
    this.documents.remove(document);
    this.places.give(this.vendors.places[slot] as Neighbourhood, document);
  }

  private eachDocumentOf(
    slot: number,
    place: Neighbourhood,
    take: (document: number) => void,
  ): void {
    for (const [from, to] of place.runs) {
      for (let document = from; document < to; document++) {
        if (this.documents.slotOf(document) === slot) take(document);
      }
    }
  }

  private placeOf({ lat_e7, lon_e7 }: ModelVendor): Neighbourhood {
    return this.places.at({ latE7: lat_e7, lonE7: lon_e7 });
  }

  private settle(row: ModelVendor, place: Neighbourhood): void {
    const { vendors } = this;
    const reach = {
      southE7: row.south_e7,
      westE7: row.west_e7,
      northE7: row.north_e7,
      eastE7: row.east_e7,
    };
    const known = vendors.slotOf(row.id);
    const stays =
      known !== undefined && vendors.places[known] === place && vendors.hasBox(known, reach);
    const slot = vendors.put(row, place);
    if (stays) return;
    this.places.settle(place, slot, reach);
    this.areas.forget(reach);
  }
}
